"""Structures of masks that hold no labels: repairs that read values, for tasks with one structure."""

from pathlib import Path

import numpy as np

from backend.contracts.datasets import Reading
from backend.contracts.repairs import Repair
from backend.contracts.task_definition import SegmentationTask
from worker.datasets.files import UnsafeFile
from worker.datasets.labels import StructureMasks, distinct_values, label_of_white, structure_planes
from worker.datasets.layouts.model import Listing, Skip
from worker.datasets.readers import CannotRead, LabelMask, NamedMask, cut_at_half, largest_value
from worker.datasets.seen_masks import SeenMasks, holds_label_beside_white


def repaired_planes(
    path: str,
    mask: LabelMask | NamedMask,
    space: tuple[int, ...],
    task: SegmentationTask,
    reading: Reading,
    seen: SeenMasks | None = None,
) -> tuple[StructureMasks, tuple[Repair, ...]]:
    """The structures' planes as `structure_planes`, and the repairs that they needed. Raises Skip."""
    if isinstance(mask, LabelMask) and _holds_values(mask):
        if "cut_at_half" in mask.repairs:
            _note_repair(path, seen)
            return (mask.labels == 1)[None], ()
        if "largest_value" in reading.repairs and reading.largest_value and mask.picture_format != "JPEG":
            return _of_largest_value(path, mask, space, task, reading, seen)
        if "cut_at_half" in reading.repairs:
            return _cut_where_needed(path, mask, space, task, reading, seen)
    return structure_planes(path, mask, space, task, reading, seen), ()


def with_largest_value(root: Path, listing: Listing, reading: Reading) -> Reading:
    """The reading with the largest value that any mask holds, where the repair of that name is chosen."""
    if "largest_value" not in reading.repairs:
        return reading
    values = [value for case in listing.cases if case.mask and (value := _largest(root, case.mask)) is not None]
    return reading.model_copy(update={"largest_value": max(values, default=0) or None})


def _largest(root: Path, mask: str) -> int | None:
    """The largest value; None where the mask cannot be read, because the check of its case says why."""
    try:
        return largest_value(root, mask)
    except (UnsafeFile, CannotRead):
        return None


def _holds_values(mask: LabelMask) -> bool:
    """Whether the mask holds values; of a palette of colours the labels are indices, of which none is half of
    another."""
    return mask.palette is None or all(len(set(colour)) == 1 for colour in mask.palette.values())


def _white_is_no_structure(mask: LabelMask, task: SegmentationTask) -> bool:
    label = label_of_white(task)
    return label is not None and holds_label_beside_white(distinct_values(mask.labels), label)


def _note_repair(path: str, seen: SeenMasks | None) -> None:
    if seen is not None:
        seen.saw_repair(path)


def _of_largest_value(
    path: str,
    mask: LabelMask,
    space: tuple[int, ...],
    task: SegmentationTask,
    reading: Reading,
    seen: SeenMasks | None,
) -> tuple[StructureMasks, tuple[Repair, ...]]:
    planes = (mask.labels == reading.largest_value)[None]
    try:
        is_same = np.array_equal(planes, structure_planes(path, mask, space, task, reading, seen))
    except Skip:
        if _white_is_no_structure(mask, task):
            raise
        is_same = False
    if is_same:
        return planes, ()
    _note_repair(path, seen)
    return planes, ("largest_value",)


def _cut_where_needed(
    path: str,
    mask: LabelMask,
    space: tuple[int, ...],
    task: SegmentationTask,
    reading: Reading,
    seen: SeenMasks | None,
) -> tuple[StructureMasks, tuple[Repair, ...]]:
    try:
        return structure_planes(path, mask, space, task, reading, seen), ()
    except Skip:
        if _white_is_no_structure(mask, task):
            raise
        labels = cut_at_half(mask.labels)
    if labels is None:
        raise Skip(
            "unknown_label",
            f"{path} holds values up to {mask.labels.max()}, less than half of what its pixels may hold, so "
            "cut_at_half leaves nothing of it: save it as black and white, or give a label map",
        )
    _note_repair(path, seen)
    return (labels == 1)[None], ("cut_at_half",)
