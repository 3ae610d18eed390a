"""Reading the volumes and masks of public originals, and bringing a mask to its image's grid.

Images are `SimpleITK.Image`s, positions in LPS millimetres. Nothing is resampled but masks, and these to the nearest
voxel only.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fedsm.public_datasets.base import ReasonCode, Unusable, Volume

#: Share of the outlined volume that a mask may gain or lose on its image's grid.
TRANSFER_TOLERANCE = 0.03
#: How far apart the spacings of one stack of slices may be, as a share: files round.
_UNEVEN = 0.02


def simpleitk() -> Any:
    """Imported where volumes are read only; the library's types are incomplete."""
    import SimpleITK

    return SimpleITK


def read_volume(path: Path, code: ReasonCode) -> Any:
    """One file: NIfTI, NRRD, MetaImage. Raises Unusable with this code."""
    try:
        return simpleitk().ReadImage(str(path))
    except RuntimeError as error:
        raise Unusable(code, f"{path.name} cannot be read: {last_line(error)}") from None


def read_series(paths: list[Path], spacings_mm: list[float]) -> Any:
    """A stack of DICOM slices, sorted. spacings_mm: between neighbours. Raises Unusable where slices are missing."""
    if len(paths) < 2:
        raise Unusable("unreadable_image", f"{paths[0].parent.name} holds {len(paths)} slices: download it whole")
    if max(spacings_mm) - min(spacings_mm) > _UNEVEN * max(spacings_mm):
        raise Unusable(
            "incomplete",
            f"{paths[0].parent.name}: slices are {min(spacings_mm):.2f} to {max(spacings_mm):.2f} mm apart, so some "
            "are missing or doubled",
        )
    sitk = simpleitk()
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames([str(path) for path in paths])
    try:
        return reader.Execute()
    except RuntimeError as error:
        raise Unusable("unreadable_image", f"{paths[0].parent.name} cannot be read: {last_line(error)}") from None


def frame(image: Any, index: int, path: Path) -> Any:
    """The 3D image at one index of the fourth axis of a 4D one. Raises Unusable where there is none."""
    if image.GetDimension() != 4:
        raise Unusable("unreadable_image", f"{path.name} has {image.GetDimension()} dimensions, not 4")
    *size, num_frames = image.GetSize()
    if not 0 <= index < num_frames:
        raise Unusable("incomplete", f"{path.name} has {num_frames} frames: there is no frame {index}")
    return simpleitk().Extract(image, [*size, 0], [0, 0, 0, index])


def relabelled(labels: Any, values: Mapping[int, int], path: Path) -> Any:
    """Each value of the original as the data set's. Raises Unusable for a value that is not in `values`."""
    sitk = simpleitk()
    stored: NDArray[np.generic] = sitk.GetArrayViewFromImage(labels)
    found = [float(value) for value in np.unique(stored)]
    unknown = [value for value in found if value not in values and value != 0]
    if unknown:
        shown = ", ".join(f"{value:g}" for value in unknown[:8])
        known = ", ".join(map(str, sorted(values)))
        raise Unusable("unknown_label", f"{path.name} holds {shown} in addition to 0, {known}: take the original")
    mapped = np.zeros(stored.shape, dtype=np.uint8)
    for value, label in values.items():
        mapped[stored == value] = label
    image = sitk.GetImageFromArray(mapped)
    image.CopyInformation(labels)
    return image


def on_grid(labels: Any, image: Any, name: str) -> Volume:
    """The mask on its image's grid, by nearest voxels where it has another one.

    Raises Unusable where that would add or lose more of what is outlined than TRANSFER_TOLERANCE.
    """
    sitk = simpleitk()
    moved = sitk.Resample(labels, image, sitk.Transform(), sitk.sitkNearestNeighbor, 0, labels.GetPixelID())
    before, after = volume_ml(labels), volume_ml(moved)
    if before == 0:
        raise Unusable("empty_mask", f"the mask of {name} outlines nothing")
    if abs(after - before) > TRANSFER_TOLERANCE * before:
        raise Unusable(
            "size_mismatch",
            f"the mask of {name} outlines {before:.1f} ml, of which {after:.1f} ml lie on the image's voxels: mask and "
            "image do not belong together",
        )
    return Volume(image, moved)


def volume_ml(labels: Any) -> float:
    num_voxels = np.count_nonzero(simpleitk().GetArrayViewFromImage(labels))
    return float(num_voxels * math.prod(labels.GetSpacing()) / 1000)


def last_line(error: Exception) -> str:
    """The library's own words come after lines about its source code."""
    return str(error).strip().splitlines()[-1].strip()
