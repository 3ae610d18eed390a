"""From what a mask file holds to one plane for each structure of the task.

Rules that are decisions:
- A mask that holds 0 and 255 only, in a task with exactly one label value and no label map, is read as that label;
  unless another mask of the data set holds the label itself, see `seen_masks`.
- Palette masks are read by what they show, see `palettes`.
- What the task or the label map does not know is refused, never dropped: it may be a structure that was forgotten.
- JPEG masks are refused, even where all their values are known: compression moves the borders of the structures.
"""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from backend.contracts.datasets import LabelMap, Reading
from backend.contracts.task_definition import SegmentationTask
from worker.datasets.layouts.model import Skip
from worker.datasets.palettes import shown_labels
from worker.datasets.readers import LabelMask, NamedMask
from worker.datasets.seen_masks import WHITE, SeenMasks

StructureMasks = NDArray[np.bool_]
Labels = NDArray[np.int32]
#: The entry of ignored_names that stands for all names to which no structure is mapped.
EVERY_OTHER = "*"
#: The number of things that a reason lists before it says `and n more`.
_MAX_LISTED = 8


def structure_planes(
    path: str,
    mask: LabelMask | NamedMask,
    space: tuple[int, ...],
    task: SegmentationTask,
    reading: Reading,
    seen: SeenMasks | None = None,
) -> StructureMasks:
    """The planes bool [S, H, W] or [S, D, H, W]. space: the image's shape. seen: learns what the mask holds while a
    data set is checked.

    Raises Skip `unknown_label` or `unreadable_mask`, whose text is about the file `path`.
    """
    label_map = reading.label_map
    if isinstance(mask, NamedMask):
        if mask.labels is None or label_map is None or any(part.names for part in label_map.structures.values()):
            return _of_names(path, mask, space, task, reading)
        _require_no_contradiction(path, mask, label_map)
        return _of_values(path, mask.labels, _values_of_structures(path, task, label_map), label_map)
    if mask.picture_format == "JPEG":
        raise Skip(
            "unknown_label",
            f"{path} is a JPEG, which holds the values {_in_words(distinct_values(mask.labels))} but loses exact "
            "ones, so its labels cannot be trusted: export the mask as PNG from its source",
        )
    wanted = _values_of_structures(path, task, label_map)
    return _of_values(path, _labels(path, mask, task, wanted, label_map, seen), wanted, label_map)


def _of_values(
    path: str, labels: Labels, wanted: Mapping[str, tuple[int, ...]], label_map: LabelMap | None
) -> StructureMasks:
    _require_known(path, labels, wanted, label_map)
    return np.stack([np.isin(labels, values) for values in wanted.values()])


def _require_no_contradiction(path: str, mask: NamedMask, label_map: LabelMap) -> None:
    """For a mask with values and names that a map of values reads: a structure's own name must not have another
    value."""
    values_of = {folded(name): values for name, values in mask.values_of.items()}
    for structure, labels in label_map.structures.items():
        others = set(values_of.get(folded(structure), ())) - set(labels.values)
        if others:
            raise Skip(
                "unknown_label",
                f"{path} names its value(s) {_in_words(sorted(others))} {structure}, and label_map gives {structure} "
                f"the value(s) {_in_words(labels.values)}: give it `names` in place of `values`, or mend the file",
            )


def _labels(
    path: str,
    mask: LabelMask,
    task: SegmentationTask,
    wanted: Mapping[str, tuple[int, ...]],
    label_map: LabelMap | None,
    seen: SeenMasks | None,
) -> Labels:
    """The mask's labels: for a palette what it shows; for black and white pictures white as the task's only label."""
    known = {0, *(label_map.ignored_values if label_map else ())}.union(*wanted.values())
    label = None if label_map else label_of_white(task)
    labels = shown_labels(path, mask, known if label is None else known | {WHITE}, seen)
    if label is None:
        return labels
    if mask.is_black_and_white:
        return np.where(labels > 0, np.int32(label), np.int32(0))
    if seen is not None:
        seen.saw_values(path, distinct_values(labels), label)
    if not np.isin(labels, (0, WHITE)).all():
        return labels
    return np.where(labels == WHITE, np.int32(label), np.int32(0))


def label_of_white(task: SegmentationTask) -> int | None:
    """The task's only label, where white (255) may stand for it; else None."""
    known = task.known_label_values
    return None if len(known) != 2 or WHITE in known else max(known)


def label_map_from_names(task: SegmentationTask, names: Mapping[str, tuple[int, ...]]) -> LabelMap | None:
    """The map that a data set's own document gives, where it has every structure by name (case does not matter)."""
    by_name = {name.casefold().strip(): values for name, values in names.items()}
    found = {structure.name: by_name.get(structure.name.casefold()) for structure in task.structures}
    if not all(found.values()):
        return None
    return LabelMap.model_validate({"structures": {name: {"values": values} for name, values in found.items()}})


def wanted_names(task: SegmentationTask, label_map: LabelMap | None) -> frozenset[str]:
    """Folded names of the segments and ROIs whose planes are needed; the others need not be drawn."""
    return frozenset(name for names in _names_of_structures(task, label_map).values() for name in names)


def folded(name: str) -> str:
    """The form in which names are compared: case and surrounding blanks do not matter."""
    return name.casefold().strip()


def _names_of_structures(task: SegmentationTask, label_map: LabelMap | None) -> dict[str, tuple[str, ...]]:
    """The names of each structure; without a label map its own name."""
    if label_map is None:
        return {structure.name: (folded(structure.name),) for structure in task.structures}
    return {
        structure.name: tuple(folded(name) for name in label_map.structures[structure.name].names)
        for structure in task.structures
    }


def _of_names(
    path: str, mask: NamedMask, space: tuple[int, ...], task: SegmentationTask, reading: Reading
) -> StructureMasks:
    label_map = reading.label_map
    wanted = _names_of_structures(task, label_map)
    if nameless := [structure for structure, names in wanted.items() if not names]:
        given = f"but label_map.structures gives {', '.join(nameless)} no `names`: add them"
        raise Skip("unknown_label", f"{path} holds segments or ROIs by name, {given}")
    _require_known_names(path, mask, wanted, reading)
    planes = {folded(name): plane for name, plane in mask.planes.items()}
    absent = np.zeros(space, np.bool_)
    return np.stack(
        [np.logical_or.reduce([absent, *(planes.get(name, absent) for name in names)]) for names in wanted.values()]
    )


def _require_known_names(path: str, mask: NamedMask, wanted: Mapping[str, tuple[str, ...]], reading: Reading) -> None:
    label_map = reading.label_map
    known = {name for names in wanted.values() for name in names}
    ignored = {folded(name) for name in label_map.ignored_names} if label_map else set()
    present = {folded(name) for name in mask.names}
    unknown = [name for name in mask.names if folded(name) not in known | ignored and EVERY_OTHER not in ignored]
    if not unknown and (known & present or reading.empty_means_nothing_there):
        return
    source = "label_map.structures" if label_map else "the task's structures"
    expected = f"{source} {'name' if label_map else 'are'} {_in_words(sorted(known)) or 'no segment or ROI'}"
    if unknown:
        remedy = "add each to the `names` of a structure of label_map, or to its ignored_names"
        problem = f"{path} holds {_in_words(unknown)}, which no structure is mapped to ({expected}): {remedy}"
        raise Skip("unknown_label", problem)
    remedy = "take names of the file as `names` of the structures"
    raise Skip(
        "unknown_label", f"{path} holds only {_in_words(mask.names) or 'no structure at all'}, and {expected}: {remedy}"
    )


def _values_of_structures(path: str, task: SegmentationTask, label_map: LabelMap | None) -> dict[str, tuple[int, ...]]:
    if label_map is None:
        return {structure.name: structure.label_values for structure in task.structures}
    values = {structure.name: label_map.structures[structure.name].values for structure in task.structures}
    nameless = [name for name, numbers in values.items() if not numbers]
    if nameless:
        raise Skip(
            "unknown_label",
            f"{path} holds integers, but the label map gives {', '.join(nameless)} no `values`: add them",
        )
    return values


def _require_known(
    path: str, labels: Labels, wanted: Mapping[str, tuple[int, ...]], label_map: LabelMap | None
) -> None:
    known = {0, *(label_map.ignored_values if label_map else ())}.union(*wanted.values())
    unknown = [value for value in distinct_values(labels) if value not in known]
    if not unknown:
        return
    known_in_words = "; ".join(f"{name} = {_in_words(values)}" for name, values in wanted.items())
    if label_map is not None:
        raise Skip(
            "unknown_label",
            f"{path} holds the value(s) {_in_words(unknown)}, which the label map does not know (0 = background; "
            f"{known_in_words}): add each to a structure, or to its ignored_values, which count as background",
        )
    if len(known) > 2 and set(unknown) <= {127, 128, WHITE}:
        remedy = "it looks like a picture made for the eye: save the labels themselves, or give a label map"
    elif unknown == [WHITE] and np.isin(labels, [value for value in known if value]).any():
        remedy = (
            f"if it is an area to leave out, give a label map with {WHITE} among its ignored_values, which count as "
            "background; else give it to a structure there"
        )
    else:
        remedy = "save the mask with these labels, give a label map, or add the label to the federation's task"
    raise Skip(
        "unknown_label",
        f"{path} holds the value(s) {_in_words(unknown)}, which the task does not know "
        f"(0 = background; {known_in_words}): {remedy}",
    )


def distinct_values(labels: Labels) -> list[int]:
    """The distinct values, ascending. Counting is 10 times faster than sorting 512 x 512 pixels."""
    if labels.min() < 0 or labels.max() > np.iinfo(np.uint16).max:
        return [int(value) for value in np.unique(labels)]
    return [int(value) for value in np.flatnonzero(np.bincount(labels.ravel()))]


def _in_words(values: Iterable[object]) -> str:
    listed = list(values)
    more = f" and {len(listed) - _MAX_LISTED} more" if len(listed) > _MAX_LISTED else ""
    return ", ".join(str(value) for value in listed[:_MAX_LISTED]) + more
