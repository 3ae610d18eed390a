"""What a check's result must hold, so that runs can start on its cases and sites be compared by its sums."""

from collections.abc import Iterator

from backend.contracts.data_statistics import NUM_HISTOGRAM_BINS, Moments, SplitStatistics
from backend.contracts.datasets import CheckedCase, DescribeDatasetResult
from backend.contracts.task_definition import SegmentationTask
from backend.result_problems import Problem, repeated, strange_structures

#: Pixels or ml of a structure, and pixels or mm of an axis. Sums of squares over all data sets of a site stay in range.
_MAX_SIZE = 1e10
_MAX_AXIS = 1e6
#: Sums differ by the order in which they are made.
_ROUNDING = 1e-3
_OF_A_USED_CASE = ("split", "mask", "image_sha256", "mask_sha256")


def check_problems(task: SegmentationTask, result: DescribeDatasetResult) -> Iterator[Problem]:
    yield from repeated("result.cases", [case.name for case in result.cases])
    for index, case in enumerate(result.cases):
        field = f"result.cases.{index}"
        yield from strange_structures(task, f"{field}.structure_shares", case.structure_shares)
        yield from strange_structures(task, f"{field}.structure_sizes", case.structure_sizes)
        yield from _lacks(field, case)
    used = [case for case in result.cases if case.reason_code is None]
    for split, statistics in result.statistics.items():
        field = f"result.statistics.{split}"
        yield from strange_structures(task, f"{field}.structures", statistics.structures)
        num_used = sum(case.split == split for case in used)
        if statistics.num_cases > num_used:
            remedy = f"state at most the {num_used} used cases of {split}"
            yield Problem(f"{field}.num_cases", statistics.num_cases, "is more than are used", remedy)
        yield from _of_sums(task, field, statistics)


def _lacks(field: str, case: CheckedCase) -> Iterator[Problem]:
    for name in _OF_A_USED_CASE if case.reason_code is None else ():
        if getattr(case, name) is None:
            yield Problem(
                f"{field}.{name}", None, "is missing in a used case", "give it, or the reason to skip the case"
            )


def _of_sums(task: SegmentationTask, field: str, statistics: SplitStatistics) -> Iterator[Problem]:
    num_cases, axes = statistics.num_cases, task.dimensions
    if len(statistics.size) != axes:
        yield Problem(f"{field}.size", len(statistics.size), "is not the number of axes", f"give {axes}")
    if len(statistics.spacing) not in (0, axes):
        remedy = f"give {axes}, or none where no spacing is known"
        yield Problem(f"{field}.spacing", len(statistics.spacing), "is not the number of axes", remedy)
    for name in ("size", "spacing"):
        for axis, moments in enumerate(getattr(statistics, name)):
            yield from _of_moments(f"{field}.{name}.{axis}", moments, num_cases, _MAX_AXIS, is_length=True)
    for name, structure in statistics.structures.items():
        yield from _of_moments(f"{field}.structures.{name}.size", structure.size, num_cases, _MAX_SIZE)
        yield from _of_moments(f"{field}.structures.{name}.share", structure.share, num_cases, 1.0)
    yield from _of_histogram(f"{field}.intensity_histogram", statistics.intensity_histogram, num_cases)


def _of_moments(
    field: str, moments: Moments, num_cases: int, most: float, is_length: bool = False
) -> Iterator[Problem]:
    """most: of one case. is_length: no case has a value of 0."""
    if moments.count > num_cases:
        yield Problem(f"{field}.count", moments.count, "is more cases than the split has", f"give at most {num_cases}")
    limit = moments.count * most * (1 + _ROUNDING)
    if not 0 <= moments.total <= limit or (is_length and moments.count > 0 and moments.total == 0):
        remedy = f"give the sum of {moments.count} values up to {most:g}"
        yield Problem(f"{field}.total", moments.total, "is no sum of such values", remedy)
    if not 0 <= moments.squares <= limit * most:
        remedy = f"give the sum of the squares of {moments.count} values up to {most:g}"
        yield Problem(f"{field}.squares", moments.squares, "is no sum of such squares", remedy)


def _of_histogram(field: str, bins: tuple[float, ...], num_cases: int) -> Iterator[Problem]:
    if len(bins) != NUM_HISTOGRAM_BINS:
        yield Problem(field, len(bins), "is not the number of bins", f"give {NUM_HISTOGRAM_BINS}")
    if min(bins, default=0.0) < 0 or abs(sum(bins) - num_cases) > _ROUNDING * num_cases:
        remedy = f"give shares whose sum is {num_cases}, one a case"
        yield Problem(field, sum(bins), "is no sum of shares of the split's cases", remedy)
