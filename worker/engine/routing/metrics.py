"""What routing did to a site's validation cases."""

from collections.abc import Mapping, Sequence

from worker.engine.metrics import Metric
from worker.engine.state import GLOBAL


def routing_metrics(
    round_: int, site: str, probabilities: Sequence[Mapping[str, float]], chosen: Sequence[str]
) -> tuple[Metric, Metric]:
    """The share of cases whose most probable site is `site`, and the share that goes to the global model.

    probabilities: of each case, by site. chosen: of each case, the model's part name."""
    num = len(chosen)
    right = sum(max(by_site, key=lambda name: by_site[name]) == site for by_site in probabilities)
    to_global = sum(model == GLOBAL for model in chosen)
    return (
        Metric(round_, "selector", "val", "accuracy", None, right / num, num),
        Metric(round_, "selector", "val", "share_global", None, to_global / num, num),
    )
