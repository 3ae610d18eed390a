"""How a number of a run's training is named in other programs: the same in each."""

from backend.runs.schemas import MetricRecord


def tag_of(metric: MetricRecord, of: str = "/") -> str:
    """`val dice/global/aster/optic disc`. Of one name and split in one picture; a line is a model at a site, of one
    structure where it is of one.

    of: what stands before the structure.
    """
    line = [metric.site_slug, *([metric.structure.replace("/", "-")] if metric.structure else [])]
    return f"{metric.split} {metric.name}/{metric.model}/{of.join(line)}"
