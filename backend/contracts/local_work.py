"""How much a participant trains in a round, as the configuration and the manifests say it: never the site's word."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from backend.contracts.datasets import DatasetManifest
from backend.contracts.experiment_config import ExperimentConfig


@dataclass(frozen=True)
class LocalWork:
    """How much a participant trains in a round.

    num_cases: training cases. least_steps, most_steps: bounds of its optimizer steps, equal where the number is known
    exactly; most_steps is None where it has no bound.
    """

    num_cases: int
    least_steps: int
    most_steps: int | None


def local_work(
    config: ExperimentConfig, manifests: Iterable[DatasetManifest], depths: Mapping[str, int | None], is_volume: bool
) -> LocalWork:
    """The local work of a participant with these manifests. depths: slices of a case by its id. is_volume: whether the
    task's images are volumes.

    A 2D network trains on the slices of a volume; how many of them show a structure is known at the site alone, as is
    their number where the case was checked before its depth was kept.
    """
    cases = [case.case_id for manifest in manifests for case in manifest.cases if case.split == "train"]
    known = [depth for case in cases if (depth := depths.get(case)) is not None]
    return counted_work(config, len(cases), sum(known) if len(known) == len(cases) else None, is_volume)


def counted_work(config: ExperimentConfig, num_cases: int, num_slices: int | None, is_volume: bool) -> LocalWork:
    """The local work of a participant with `num_cases` training cases. num_slices: of all of them; None if unknown."""
    schedule, data = config.schedule, config.data
    if schedule.local_steps is not None:
        return LocalWork(num_cases, schedule.local_steps, schedule.local_steps)
    copies = data.patches_per_case if data.sampling == "patches" else 1
    if not (is_volume and config.network.spatial_dims == 2):
        steps = _steps(num_cases * copies, config)
        return LocalWork(num_cases, steps, steps)
    if num_slices is None:
        return LocalWork(num_cases, _steps(copies, config), None)
    least = num_slices * copies if data.slices == "all" else copies
    return LocalWork(num_cases, _steps(least, config), _steps(num_slices * copies, config))


def mean_work(works: Sequence[LocalWork]) -> LocalWork:
    """The local work of a model that takes as many steps as a site does on average, with the cases of all.

    works: of each site, at least one. Sites without training cases are not counted; half a step is rounded up.
    """
    training = [work for work in works if work.num_cases] or list(works)
    most = [work.most_steps for work in training]
    return LocalWork(
        num_cases=sum(work.num_cases for work in training),
        least_steps=_mean([work.least_steps for work in training]),
        most_steps=_mean([steps for steps in most if steps is not None]) if None not in most else None,
    )


def _mean(steps: Sequence[int]) -> int:
    return max(1, (2 * sum(steps) + len(steps)) // (2 * len(steps)))


def _steps(num_items: int, config: ExperimentConfig) -> int:
    return config.schedule.local_epochs * -(-num_items // config.schedule.batch_size)
