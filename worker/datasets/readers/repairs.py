"""Repairs of plain masks, pictures and arrays, before they are laid on their images.

Each is applied only where the mask could not be used without it, except the data set's largest value, which is read
from every mask. Legend of shapes: H rows, W columns.
"""

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.contracts.repairs import Repair

#: Aspect ratios agree where the mask, scaled to the image, is off by no more than one pixel of the smaller of the two
#: and by no more than this share.
_MAX_OFF = 0.02


def turned_as(values: NDArray[Any], turn: int) -> NDArray[Any]:
    """[H, W, ...] turned as an EXIF orientation from 1 to 8 says."""
    match turn:
        case 2:
            return values[:, ::-1]
        case 3:
            return values[::-1, ::-1]
        case 4:
            return values[::-1]
        case 5:
            return values.swapaxes(0, 1)
        case 6:
            return np.rot90(values, -1)
        case 7:
            return np.rot90(values, 2).swapaxes(0, 1)
        case 8:
            return np.rot90(values)
        case _:
            return values


def laid_on(
    values: NDArray[Any], turn: int, image_size: tuple[int, ...], image_turn: int, allowed: Collection[Repair]
) -> tuple[NDArray[Any], tuple[Repair, ...]]:
    """A mask [H, W] turned and resized to its image, where that is allowed and fits; and the repairs that were used.

    A mask that already has the image's size is turned only where it has that size afterwards, too.
    """
    used: list[Repair] = []
    if values.ndim != 2 or len(image_size) != 2:
        return values, ()
    if "turn_masks" in allowed and turn == 1 and image_turn != 1:
        turned = turned_as(values, image_turn)
        if turned.shape == image_size or (values.shape != image_size and same_aspect(turned.shape, image_size)):
            values = turned
            used.append("turn_masks")
    if "resize_masks" in allowed and values.shape != image_size and same_aspect(values.shape, image_size):
        values = nearest(values, image_size)
        used.append("resize_masks")
    return np.ascontiguousarray(values), tuple(used)


def same_aspect(mask: tuple[int, ...], image: tuple[int, ...]) -> bool:
    """Whether two sizes (H, W) have the same aspect ratio."""
    small, large = sorted((mask, image))
    height = large[0] * small[1] / large[1]
    return abs(height - small[0]) <= min(1.0, _MAX_OFF * small[0])


def nearest(values: NDArray[Any], size: tuple[int, ...]) -> NDArray[Any]:
    """[H, W] at another size: each new pixel takes the old one that its centre lies in, so no value is new."""
    rows, columns = (
        ((np.arange(new) + 0.5) * old / new).astype(np.intp) for old, new in zip(values.shape, size, strict=True)
    )
    resized: NDArray[Any] = values[rows[:, None], columns]
    return resized


def cut_at_half(values: NDArray[Any]) -> NDArray[np.int32] | None:
    """1 where the value is at least half of the range, else 0; None where there are values and none reaches half.

    The range is 0 to 1, 255 or 65535: the first that holds all values. Integers have a range of 255 at least, because a
    grey mask whose values are 0 and 1 holds labels and no greys.
    """
    if values.dtype.kind not in "biuf" or values.size == 0:
        return None
    smallest, largest = float(values.min()), float(values.max())
    if not (np.isfinite(smallest) and np.isfinite(largest)) or smallest < 0 or largest > 65535:
        return None
    ranges = (1.0, 255.0, 65535.0) if values.dtype.kind == "f" else (255.0, 65535.0)
    half = next(most for most in ranges if largest <= most) / 2
    if 0 < largest < half:
        return None
    return (values >= half).astype(np.int32)
