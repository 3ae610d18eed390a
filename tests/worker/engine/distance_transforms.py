"""Surface distances by two distance transforms of the box around both masks: slower, and without a search tree."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion, distance_transform_edt

from worker.engine.surface import SurfaceDistances

Mask = NDArray[np.bool_]


def distances_by_transform(prediction: Mask, reference: Mask, spacing: Sequence[float] | None) -> SurfaceDistances:
    """Both [H, W] or both [D, H, W], neither empty."""
    occupied = np.argwhere(prediction | reference)
    box = tuple(slice(low, high) for low, high in zip(occupied.min(axis=0), occupied.max(axis=0) + 1, strict=True))
    first, second = _surface(prediction[box]), _surface(reference[box])
    lengths = np.ones(prediction.ndim) if spacing is None else np.asarray(spacing, dtype=np.float64)
    return SurfaceDistances(_distances_to(second, first, lengths), _distances_to(first, second, lengths))


def _surface(mask: Mask) -> Mask:
    return np.asarray(mask & ~binary_erosion(mask))


def _distances_to(target: Mask, surface: Mask, lengths: NDArray[np.float64]) -> NDArray[np.float64]:
    nearest = np.asarray(distance_transform_edt(~target, sampling=lengths, return_distances=False, return_indices=True))
    here = np.nonzero(surface)
    offsets = [(nearest[axis][here] - here[axis]) * lengths[axis] for axis in range(surface.ndim)]
    return np.asarray(np.sqrt(sum(offset**2 for offset in offsets)))
