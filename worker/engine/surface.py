"""Distances between the surfaces of two masks, from which HD95, NSD and ASSD are made.

The surface of a mask is what erosion by its face neighbours takes away, as in MONAI; voxels at the image's border
belong to it. Distances run between voxel centres.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion, distance_transform_edt

#: Percentile of HD95; the maximum would be decided by one stray voxel.
HD_PERCENTILE = 95


@dataclass(frozen=True, eq=False)
class SurfaceDistances:
    """Distances from every surface voxel of one mask to the other's surface, in the unit of the spacing.

    from_prediction: [N] float64. from_reference: [M] float64.
    """

    from_prediction: NDArray[np.float64]
    from_reference: NDArray[np.float64]

    @property
    def hd95(self) -> float:
        """The larger of the two directed 95th percentiles (with linear interpolation), as in MONAI."""
        directions = (self.from_prediction, self.from_reference)
        return max(float(np.percentile(distances, HD_PERCENTILE)) for distances in directions)

    @property
    def assd(self) -> float:
        """The mean over the voxels of both surfaces together."""
        total = float(self.from_prediction.sum()) + float(self.from_reference.sum())
        return total / (len(self.from_prediction) + len(self.from_reference))

    def nsd(self, tolerance: float) -> float:
        """The share of both surfaces' voxels that are at most `tolerance` from the other surface, each voxel counting
        alike (Nikolov et al., "Clinically applicable segmentation of head and neck anatomy", 2021). tolerance: in the
        spacing's unit."""
        near = int((self.from_prediction <= tolerance).sum()) + int((self.from_reference <= tolerance).sum())
        return near / (len(self.from_prediction) + len(self.from_reference))


def surface_distances(
    prediction: NDArray[np.bool_], reference: NDArray[np.bool_], spacing: Sequence[float] | None
) -> SurfaceDistances:
    """The distances between two masks, both [H, W] or both [D, H, W] bool, neither empty.

    spacing: of the axes in order, None for 1 each. Each direction takes one transform of the box around both masks,
    which loses nothing because there is no surface outside. Raises ValueError for an empty mask, whose surface is
    nowhere.
    """
    if not (prediction.any() and reference.any()):
        raise ValueError("prediction and reference must both hold the structure: distances to nothing do not exist")
    box = _bounding_box(prediction | reference)
    first, second = _surface(prediction[box]), _surface(reference[box])
    lengths = np.ones(prediction.ndim) if spacing is None else np.asarray(spacing, dtype=np.float64)
    return SurfaceDistances(_distances_to(second, first, lengths), _distances_to(first, second, lengths))


def _bounding_box(mask: NDArray[np.bool_]) -> tuple[slice, ...]:
    slices = []
    for axis in range(mask.ndim):
        occupied = np.flatnonzero(mask.any(axis=tuple(other for other in range(mask.ndim) if other != axis)))
        slices.append(slice(int(occupied[0]), int(occupied[-1]) + 1))
    return tuple(slices)


def _surface(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.asarray(mask & ~binary_erosion(mask))


def _distances_to(
    target: NDArray[np.bool_], surface: NDArray[np.bool_], lengths: NDArray[np.float64]
) -> NDArray[np.float64]:
    """[N]: from each voxel of `surface` to the nearest of `target`.

    Asking the transform for the nearest voxels alone, and taking roots at the surface only, costs half of what
    distances everywhere cost.
    """
    nearest = np.asarray(distance_transform_edt(~target, sampling=lengths, return_distances=False, return_indices=True))
    here = np.nonzero(surface)
    offsets = [(nearest[axis][here] - here[axis]) * lengths[axis] for axis in range(surface.ndim)]
    return np.asarray(np.sqrt(sum(offset**2 for offset in offsets)))
