"""DICOM segmentations (binary, fractional, label map), laid on an image's voxels by the position of each frame.

Source: DICOM PS3.3 A.51, C.8.20. A fractional value counts as inside from half of MaximumFractionalValue on. Segments
may overlap; those with one SegmentLabel are united.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.pixels.utils import pixel_array

from worker.datasets.readers.dicom_files import Dataset, Slice, find, number_of_frames, slices_of, text_of
from worker.datasets.readers.errors import Undecodable, WrongGeometry, WrongSize
from worker.datasets.readers.model import Affine, Frame, Plane
from worker.datasets.readers.orientation import size_in_words
from worker.datasets.readers.placing import Planes, Wanted, placed_frame, voxel_of_lps

#: How far a frame's pixels may lie from the image's, in voxels. Headers are often rounded to a tenth of a millimetre.
_TOLERANCE = 0.25


def read_segmentation(dataset: Dataset, frame: Frame | None, wanted: Wanted) -> Planes:
    """The planes by SegmentLabel. Raises CannotRead, or what pydicom raises on damage."""
    frame_of_reference = text_of(dataset, "FrameOfReferenceUID")
    target = placed_frame(frame, {frame_of_reference} if frame_of_reference else set())
    labels = _labels(dataset)
    planes = Planes(target, labels.values(), wanted)
    slices = slices_of(dataset)
    for part, number, inside in _frames(dataset, slices):
        if number not in labels:
            raise Undecodable(f"has a frame of segment {number}, which it does not describe: export it again")
        volume = planes.volume(labels[number])
        if volume is not None:
            _lay(part, inside, target, volume)
    return planes


def _labels(dataset: Dataset) -> Mapping[int, str]:
    background = _background(dataset)
    labels = {
        int(segment.SegmentNumber): text_of(segment, "SegmentLabel") or f"segment {segment.SegmentNumber}"
        for segment in dataset.get("SegmentSequence") or ()
        if int(segment.SegmentNumber) != background
    }
    if not labels:
        raise Undecodable("is a DICOM segmentation that describes no segment: export it again")
    return labels


def _background(dataset: Dataset) -> int | None:
    """The value of a label map that is no segment, though it may be described as one (`Background`)."""
    if text_of(dataset, "SegmentationType") != "LABELMAP":
        return None
    padding = dataset.get("PixelPaddingValue")
    return 0 if padding is None else int(padding)


def _frames(dataset: Dataset, slices: list[Slice]) -> Iterator[tuple[Slice, int, Plane]]:
    """Each frame's plane [H, W] of each segment in it, unless it is empty."""
    values = _pixels(dataset)
    kind = text_of(dataset, "SegmentationType")
    half = 0.5 * float(dataset.get("MaximumFractionalValue") or 255) if kind == "FRACTIONAL" else 1
    for part, plane in zip(slices, values, strict=True):
        if kind == "LABELMAP":
            for number in np.unique(plane[plane != _background(dataset)]):
                yield part, int(number), plane == number
            continue
        number = find(dataset, part.frame, "SegmentIdentificationSequence", "ReferencedSegmentNumber")
        if number is None:
            raise Undecodable(f"does not say which segment frame {part.frame + 1} is: export it again")
        inside = plane >= half
        if inside.any():
            yield part, int(number), inside


def _pixels(dataset: Dataset) -> NDArray[Any]:
    shape = number_of_frames(dataset), int(dataset.Rows), int(dataset.Columns)
    pixels: NDArray[Any] = pixel_array(dataset)
    return pixels.reshape(shape)


def _lay(part: Slice, inside: Plane, frame: Frame, volume: Plane) -> None:
    """Adds a frame's plane [H, W] to a structure's volume [X, Y, Z]."""
    if not part.is_placed or part.spacing is None or frame.affine is None:
        _lay_by_reference(part, inside, frame, volume)
        return
    steps = _steps(part, inside.shape, frame.affine)
    if steps is None:
        raise WrongGeometry(
            f"has frame {part.frame + 1} on another grid than its image (other spacing, rotated, or between slices): "
            "resample it onto the image"
        )
    origin, along_row, along_column = steps
    across = 3 - int(np.flatnonzero(along_row)[0]) - int(np.flatnonzero(along_column)[0])
    if frame.flat_axis is not None and not 0 <= origin[across] < volume.shape[across]:
        return  # of another slice than the picture's
    height, width = inside.shape
    last = origin + along_row * (width - 1) + along_column * (height - 1)
    low, high = np.minimum(origin, last), np.maximum(origin, last) + 1
    if (low < 0).any() or (high > volume.shape).any():
        raise WrongGeometry(
            f"has frame {part.frame + 1} beyond its image of {size_in_words(frame.shape)}: pair it with the image that "
            "it was drawn on"
        )
    plane = inside[:: int(along_column.sum()), :: int(along_row.sum())]
    region = volume[low[0] : high[0], low[1] : high[1], low[2] : high[2]].squeeze(axis=across)
    region |= plane.T if np.flatnonzero(along_row)[0] < np.flatnonzero(along_column)[0] else plane


def _steps(
    part: Slice, shape: tuple[int, ...], affine: Affine
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]] | None:
    """The voxel index of the first pixel, and its change to the next column and row; None on another grid."""
    if part.spacing is None:
        return None
    to_voxel = voxel_of_lps(affine)
    exact = np.stack(
        [
            to_voxel[:3, :3] @ part.position + to_voxel[:3, 3],
            to_voxel[:3, :3] @ (part.rows * part.spacing[1]),
            to_voxel[:3, :3] @ (part.columns * part.spacing[0]),
        ]
    )
    whole = np.round(exact).astype(np.int64)
    height, width = shape
    corners = np.array([[1, 0, 0], [1, width - 1, 0], [1, 0, height - 1], [1, width - 1, height - 1]])
    is_step = (np.abs(whole[1:]).sum(axis=1) == 1).all() and whole[1] @ whole[2] == 0
    if not is_step or float(np.abs(corners @ (exact - whole)).max()) > _TOLERANCE:
        return None
    return whole[0], whole[1], whole[2]


def _lay_by_reference(part: Slice, inside: Plane, frame: Frame, volume: Plane) -> None:
    """Lays a frame without position: it names the picture's object and has its size."""
    named = _referenced_instances(part)
    if not named & frame.instances:
        raise WrongGeometry(
            "does not say where it lies, and does not name its image (SOPInstanceUID): pair it with the image that it "
            "was drawn on"
        )
    if inside.T.shape != volume.shape[:2] or volume.shape[2] != 1:
        raise WrongSize(
            f"has frames of {size_in_words(inside.shape)}, its image {size_in_words(frame.shape)}: export both at the "
            "same size"
        )
    volume[:, :, 0] |= inside.T


def _referenced_instances(part: Slice) -> set[str]:
    sources = find(part.dataset, part.frame, "DerivationImageSequence", "SourceImageSequence") or ()
    named = {str(source.ReferencedSOPInstanceUID) for source in sources}
    if named:
        return named
    return {
        str(instance.ReferencedSOPInstanceUID)
        for series in part.dataset.get("ReferencedSeriesSequence") or ()
        for instance in series.get("ReferencedInstanceSequence") or ()
    }
