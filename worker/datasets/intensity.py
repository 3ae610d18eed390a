"""Grey values of a case, comparable between cases: photographs by the range of their type, others by their own range.

Legend of shapes: H rows, W columns, D slices, C channels; `space` is [H, W] or [D, H, W].
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

PERCENTILES = (0.5, 25.0, 50.0, 75.0, 99.5)
#: Above this number, voxels are thinned out before percentiles are taken; these differ in the third digit at most.
_MAX_SAMPLED = 2_000_000

Image = NDArray[Any]


def is_photograph(image: Image, spacing: tuple[float, ...] | None) -> bool:
    """Whether the type says what black and white are.

    It does not for volumes, nor for slices that a scanner took: these know their spacing, or hold values beyond 0 to 1.
    """
    if image.ndim != 3 or image.dtype == np.uint8:
        return image.ndim == 3
    if spacing is not None or image.dtype not in (np.uint16, np.float32):
        return False
    return image.dtype == np.uint16 or bool(image.min() >= 0 and image.max() <= 1)


def unit_photograph(image: Image) -> NDArray[np.float32]:
    """[H, W, C] in 0 to 1."""
    largest = np.iinfo(image.dtype).max if np.issubdtype(image.dtype, np.integer) else 1
    return np.asarray(image / np.float32(largest), dtype=np.float32)


def grey_percentiles(grey: NDArray[np.float32]) -> tuple[float, ...]:
    """The percentiles of grey value by which images that are no photographs are scaled."""
    flat = grey.ravel()
    sampled = flat[:: max(1, flat.size // _MAX_SAMPLED)]
    return tuple(float(value) for value in np.percentile(sampled, PERCENTILES))


def scaled_grey(grey: NDArray[np.float32], percentiles: tuple[float, ...]) -> NDArray[np.float32]:
    """Grey values in 0 to 1, between the first and the last of the percentiles; all 0 where these are equal."""
    low, high = percentiles[0], percentiles[-1]
    if high <= low:
        return np.zeros_like(grey)
    scaled: NDArray[np.float32] = np.clip((grey - np.float32(low)) / np.float32(high - low), 0, 1)
    return scaled


def grey_histogram(unit_grey: NDArray[np.float32], num_bins: int) -> NDArray[np.int64]:
    """The number of pixels in equal bins of grey value from 0 to 1."""
    bins = np.minimum((unit_grey * num_bins).astype(np.int64), num_bins - 1)
    return np.bincount(bins.ravel(), minlength=num_bins)


def to_8_bit(image: Image, spacing: tuple[float, ...] | None) -> NDArray[np.uint8]:
    """[*space, C] uint8 for the eye: photographs by the range of their type, others between their percentiles."""
    if image.dtype == np.uint8 and image.ndim == 3:
        return image
    if is_photograph(image, spacing):
        largest = np.iinfo(image.dtype).max if np.issubdtype(image.dtype, np.integer) else 1
        return np.round(image * np.float64(255 / largest)).astype(np.uint8)
    values = image.astype(np.float32)
    return np.round(scaled_grey(values, grey_percentiles(values)) * 255).astype(np.uint8)
