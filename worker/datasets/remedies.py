"""What would make a skipped case usable: it is read again with every repair that its task allows."""

from collections.abc import Iterator
from pathlib import Path

from backend.contracts.datasets import CheckedCase, Reading
from backend.contracts.repairs import OF_ONE_STRUCTURE, REPAIRS, Remedy, Repair, repair_problem, repairs_in_order
from backend.contracts.task_definition import SegmentationTask
from worker.datasets.check import skipped, unchecked
from worker.datasets.files import UnsafeFile
from worker.datasets.layouts.model import ListedCase, Skip
from worker.datasets.readers import CannotRead, largest_value
from worker.datasets.reading import read_files

#: Reasons that a repair may remove, or a setting that says what an empty mask means.
_MENDABLE = ("size_mismatch", "unknown_label", "unreadable_mask", "empty_mask")


def skipped_with_remedies(
    root: Path, listed: ListedCase, task: SegmentationTask, reading: Reading, skip: Skip, of_values: bool = True
) -> CheckedCase:
    """The case as skipped, with the settings that would make it usable, as data and in the reason's words.

    of_values: whether repairs that read values are among them.
    """
    case = skipped(unchecked(listed), skip)
    if listed.mask is None or listed.skip is not None or skip.code not in _MENDABLE:
        return case
    remedies = _remedies(root, listed, listed.mask, task, reading, of_values)
    repairs = [remedy for remedy in remedies if remedy != "empty_means_nothing_there"]
    if not repairs:
        return case.model_copy(update={"remedies": remedies})
    reason = f"{skip}; or check the data set again with {' and '.join(remedies)}, which makes it usable"
    return case.model_copy(update={"remedies": remedies, "reason": reason})


def _remedies(
    root: Path, listed: ListedCase, mask: str, task: SegmentationTask, reading: Reading, of_values: bool
) -> tuple[Remedy, ...]:
    """The settings that help; none where nothing does."""
    is_one_file = not listed.parts or mask in listed.parts.values()
    for attempt in _attempts(root, mask if is_one_file else None, task, reading, of_values):
        try:
            files = read_files(root, listed.image, mask, task, attempt, parts=listed.parts)
        except Skip:
            continue
        needed: list[Remedy] = [repair for repair in files.repairs if repair not in reading.repairs]
        if not files.case.structures.any() and not reading.empty_means_nothing_there:
            needed.append("empty_means_nothing_there")
        return tuple(needed)
    return ()


def _attempts(
    root: Path, mask: str | None, task: SegmentationTask, reading: Reading, of_values: bool
) -> Iterator[Reading]:
    """The settings to try, the mildest first: without a repair that reads values, then with one, the likelier first.

    mask: None where there are several files, of which no largest value is read.
    """
    mild: tuple[Repair, ...] = tuple(repair for repair in REPAIRS if repair not in OF_ONE_STRUCTURE)
    base = repairs_in_order((*reading.repairs, *mild))
    yield _with(reading, base, None)
    if not of_values or any(repair in reading.repairs for repair in OF_ONE_STRUCTURE):
        return
    largest = None if mask is None else _largest(root, mask)
    # A mask of one value in other numbers is a mask of labels; one that does not reach half of its range, too.
    for repair in OF_ONE_STRUCTURE:
        repairs = repairs_in_order((*base, repair))
        if repair_problem(repairs, task, reading.label_map is not None) is None:
            yield _with(reading, repairs, largest)


def _largest(root: Path, mask: str) -> int | None:
    try:
        return largest_value(root, mask) or None
    except (UnsafeFile, CannotRead):
        return None


def _with(reading: Reading, repairs: tuple[Repair, ...], largest: int | None) -> Reading:
    update = {"repairs": repairs, "empty_means_nothing_there": True}
    return reading.model_copy(update=update | ({} if largest is None else {"largest_value": largest}))
