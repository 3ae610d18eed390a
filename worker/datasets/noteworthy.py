"""What is legal in an image or a mask, whatever its format, and still rarely intended.

Legend of shapes: D slices, H rows, W columns, C channels, S structures.
"""

from collections.abc import Sequence

import numpy as np

from worker.datasets.labels import StructureMasks
from worker.datasets.readers import Note
from worker.datasets.readers.model import Pixels, Plane
from worker.datasets.readers.values import in_words

#: Axes of [D, H, W] in LPS order, by the usual names of the slices across them.
_SLICES = ("axial", "coronal", "sagittal")
#: Pixels, far apart, at which a channel is looked at before all its pixels are.
_LOOKED_AT = 500
#: Maximum number of empty slices within one part of a structure; more lie between separate parts of it.
_MAX_EMPTY = 4
#: This number of gaps of one size is no accident, even where a structure has more slices without any.
_MANY = 3


def about_values(pixels: Pixels) -> list[Note]:
    """`constant_image` where the pixels [*space, C] of all channels, or of one of several, have a single value."""
    flat = pixels.reshape(-1, pixels.shape[-1])
    few = flat[:: max(1, len(flat) // _LOOKED_AT)]  # tells nearly every image, and takes a hundredth of the time
    likely = np.flatnonzero((few == few[0]).all(axis=0))
    constant = [channel for channel in likely if (flat[:, channel] == flat[0, channel]).all()]
    if not constant:
        return []
    values = ", ".join(f"{value:g}" for value in flat[0, constant])
    remedy = "look at the image, and export it again or remove the case"
    if len(constant) == pixels.shape[-1]:
        return [Note("constant_image", f"holds a single value ({values}), so there is nothing to see in it: {remedy}")]
    channels = ", ".join(str(channel) for channel in constant)
    return [Note("constant_image", f"holds a single value ({values}) in channel {channels}: {remedy}")]


def about_slices(structures: StructureMasks, names: Sequence[str]) -> list[Note]:
    """`empty_slices` where a structure of [S, D, H, W] is outlined on every second or third slice only."""
    if structures.ndim != 4:
        return []
    found: dict[tuple[int, int], list[str]] = {}
    for name, plane in zip(names, structures, strict=True):
        gaps = {axis: count for axis in range(3) if (count := _regular_gap(plane, axis))}
        if len(gaps) == 1:  # scattered spots have gaps along every axis
            found.setdefault(gaps.popitem(), []).append(name)
    return [
        Note(
            "empty_slices",
            f"outlines {in_words(outlined)} with {'1 empty slice' if count == 1 else f'{count} empty slices'} between "
            f"the {_SLICES[axis]} slices, which count as background in training and in every score: draw or "
            "interpolate the slices between",
        )
        for (axis, count), outlined in found.items()
    ]


def _regular_gap(plane: Plane, axis: int) -> int:
    """The number of empty slices between neighbouring slices of the structure along the axis, where it is the rule;
    else 0."""
    occupied = np.flatnonzero(plane.any(axis=tuple(other for other in range(3) if other != axis)))
    if len(occupied) < 2:
        return 0
    empty = np.diff(occupied) - 1
    sizes, counts = np.unique(empty[(empty > 0) & (empty <= _MAX_EMPTY)], return_counts=True)
    if not len(sizes) or (counts.max() < _MANY and 2 * int(counts.sum()) < len(empty)):
        return 0
    return int(sizes[np.argmax(counts)])
