"""DICOM series of public originals, found by what is in the files: download tools name folders differently."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fedsm.public_datasets.base import Unusable
from fedsm.public_datasets.files import walk
from fedsm.public_datasets.volumes import simpleitk

_TAGS = (
    *("SeriesInstanceUID", "PatientID", "Modality", "ImagePositionPatient", "ImageOrientationPatient"),
    *("ReferencedSeriesSequence", "Rows", "Columns"),
)


@dataclass(frozen=True)
class Series:
    """One DICOM series. paths: of its files, sorted along the normal of its slices where they have a position.

    spacings_mm: between neighbouring slices. referenced_uid: the series that a segmentation outlines.
    """

    uid: str
    patient: str
    modality: str
    paths: tuple[Path, ...]
    spacings_mm: tuple[float, ...]
    referenced_uid: str | None


def find_series(folder: Path) -> list[Series]:
    """Of all DICOM files below, in the order of their first file. Only headers are read."""
    headers: dict[str, list[tuple[Path, Any]]] = {}
    for path, header in _headers(folder):
        headers.setdefault(str(header.SeriesInstanceUID), []).append((path, header))
    return [_series(uid, files) for uid, files in headers.items()]


def read_segments(path: Path) -> tuple[Any, dict[int, str]]:
    """A DICOM segmentation as integer labels (segment numbers), and the numbers' names in lower case.

    Raises Unusable where it cannot be read, or where segments overlap.
    """
    import highdicom

    try:
        segmentation = highdicom.seg.segread(path)
        volume = segmentation.get_volume(combine_segments=True, dtype=np.uint8)
    except (ValueError, RuntimeError, OSError, AttributeError, KeyError) as error:
        raise Unusable("unreadable_mask", f"{path.name} cannot be read as a segmentation: {error}") from None
    names = {
        int(segment.SegmentNumber): f"{segment.SegmentLabel} {segment.segmented_property_type.meaning}".lower()
        for segment in segmentation.SegmentSequence
    }
    return _image(volume.array, volume.affine), names


def _headers(folder: Path) -> Iterator[tuple[Path, Any]]:
    import pydicom

    for path in walk(folder):
        try:
            header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=list(_TAGS))
        except (pydicom.errors.InvalidDicomError, OSError):
            continue
        if "SeriesInstanceUID" in header:
            yield path, header


def _series(uid: str, files: list[tuple[Path, Any]]) -> Series:
    first = files[0][1]
    referenced = getattr(first, "ReferencedSeriesSequence", None)
    ordered, spacings = _along_normal(files)
    return Series(
        uid=uid,
        patient=str(getattr(first, "PatientID", "")),
        modality=str(getattr(first, "Modality", "")),
        paths=tuple(ordered),
        spacings_mm=tuple(spacings),
        referenced_uid=str(referenced[0].SeriesInstanceUID) if referenced else None,
    )


def _along_normal(files: list[tuple[Path, Any]]) -> tuple[list[Path], list[float]]:
    if any("ImagePositionPatient" not in header or "ImageOrientationPatient" not in header for _, header in files):
        return [path for path, _ in files], []
    orientation = np.array(files[0][1].ImageOrientationPatient, dtype=float)
    normal = np.cross(orientation[:3], orientation[3:])
    heights = [float(normal @ np.array(header.ImagePositionPatient, dtype=float)) for _, header in files]
    order = np.argsort(heights, kind="stable")
    return [files[index][0] for index in order], np.diff(np.sort(heights)).tolist()


def _image(array: Any, affine: Any) -> Any:
    """array: [slices, rows, columns]; affine: of these indices to LPS millimetres."""
    image = simpleitk().GetImageFromArray(np.ascontiguousarray(array))
    steps = affine[:3, 2::-1]
    spacing = np.linalg.norm(steps, axis=0)
    image.SetSpacing(spacing.tolist())
    image.SetDirection((steps / spacing).ravel().tolist())
    image.SetOrigin(affine[:3, 3].tolist())
    return image
