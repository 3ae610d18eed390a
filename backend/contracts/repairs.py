"""Repairs: how masks that would be refused can be read all the same, where the data set's owner chooses so."""

from typing import Literal, get_args

from backend.contracts.task_definition import SegmentationTask

Repair = Literal["resize_masks", "turn_masks", "cut_at_half", "largest_value"]
REPAIRS: tuple[Repair, ...] = get_args(Repair)
#: What would make a skipped case usable: a repair, or saying that an empty mask means that nothing is there.
Remedy = Literal["resize_masks", "turn_masks", "cut_at_half", "largest_value", "empty_means_nothing_there"]
#: What each does, as people read it.
REPAIR_WORDS: dict[Repair, str] = {
    "resize_masks": "a mask of another size is resized to its image, without new values (nearest), where both have the "
    "same aspect ratio",
    "turn_masks": "a mask without an EXIF orientation is turned by its image's",
    "cut_at_half": "a grey or JPEG mask becomes the structure where it has half of its range or more",
    "largest_value": "the largest value that any mask of the data set holds is the structure, and all others are "
    "background",
}
#: These read values, not labels: they cannot tell two structures apart, and need no label map.
OF_ONE_STRUCTURE: tuple[Repair, ...] = ("cut_at_half", "largest_value")


def repairs_in_order(repairs: tuple[Repair, ...]) -> tuple[Repair, ...]:
    """Each once, in the order of `REPAIRS`: equal choices are equal values."""
    return tuple(repair for repair in REPAIRS if repair in repairs)


def repair_problem(repairs: tuple[Repair, ...], task: SegmentationTask, has_label_map: bool) -> tuple[str, str] | None:
    """What is wrong with the choice for this task, and what to do; None where nothing is."""
    chosen = [repair for repair in OF_ONE_STRUCTURE if repair in repairs]
    if not chosen:
        return None
    if len(chosen) > 1:
        return "read the same masks in two ways", f"choose {chosen[0]} or {chosen[1]}"
    if len(task.structures) > 1:
        return (
            f"cannot tell the {len(task.structures)} structures of the task apart",
            f"leave {chosen[0]} out, and give a label map or masks of labels",
        )
    if has_label_map:
        return f"reads no labels, so the label map would mean nothing with {chosen[0]}", "keep one of the two"
    return None
