"""DICOM structure sets (RTSTRUCT): contours in mm, filled on the slices of an image.

DICOM PS3.3 A.19, C.8.8.6. A voxel belongs to a structure where its centre lies inside an odd number of the contours of
its slice: an inner contour is a hole, and so is the way to it of a keyhole contour. Nothing is drawn between contours.
Points and open lines enclose nothing and are left out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worker.datasets.readers.dicom_files import Dataset, text_of
from worker.datasets.readers.errors import Undecodable, WrongGeometry
from worker.datasets.readers.model import Frame, Plane
from worker.datasets.readers.orientation import size_in_words
from worker.datasets.readers.placing import Planes, Wanted, placed_frame, voxel_of_lps

_CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
#: Voxels: how far a contour may lie from the slice it is filled on.
_TOLERANCE = 0.25


@dataclass(frozen=True, eq=False)
class Contour:
    """points: [N, 3], voxel index (x, y, z), not whole."""

    name: str
    points: NDArray[np.float64]


def read_structure_set(dataset: Dataset, frame: Frame | None, wanted: Wanted) -> Planes:
    """By ROIName. Raises CannotRead, or what pydicom raises on damage."""
    target = placed_frame(frame, _frames_of_reference(dataset))
    names = _names(dataset)
    planes = Planes(target, names.values(), wanted)
    contours = list(_contours(dataset, names, target))
    if contours:
        _fill(contours, target, planes)
    return planes


def _names(dataset: Dataset) -> dict[int, str]:
    names = {
        int(roi.ROINumber): text_of(roi, "ROIName") or f"ROI {roi.ROINumber}"
        for roi in dataset.get("StructureSetROISequence") or ()
    }
    if not names:
        raise Undecodable("is a DICOM structure set without structures: export it again")
    return names


def _frames_of_reference(dataset: Dataset) -> set[str]:
    items = [*(dataset.get("ReferencedFrameOfReferenceSequence") or ())]
    found = {text_of(item, "FrameOfReferenceUID") for item in items}
    found |= {text_of(roi, "ReferencedFrameOfReferenceUID") for roi in dataset.get("StructureSetROISequence") or ()}
    return {uid for uid in found if uid is not None}


def _contours(dataset: Dataset, names: dict[int, str], frame: Frame) -> Iterator[Contour]:
    if frame.affine is None:
        raise WrongGeometry("is laid on its image by position, but the image has none: use the image of the patient")
    to_voxel = voxel_of_lps(frame.affine)
    for roi in dataset.get("ROIContourSequence") or ():
        number = int(roi.ReferencedROINumber)
        if number not in names:
            raise Undecodable(f"has contours of structure {number}, which it does not name: export it again")
        for contour in roi.get("ContourSequence") or ():
            if text_of(contour, "ContourGeometricType") not in _CLOSED:
                continue
            points = np.array(contour.ContourData, dtype=np.float64).reshape(-1, 3)
            if not np.isfinite(points).all():
                raise Undecodable(f"has a contour of {names[number]} with points that are no numbers: export it again")
            if len(points) >= 3:
                yield Contour(names[number], points @ to_voxel[:3, :3].T + to_voxel[:3, 3])


def _fill(contours: Sequence[Contour], frame: Frame, planes: Planes) -> None:
    across = _axis_across(contours)
    by_slice: dict[tuple[str, int], list[NDArray[np.float64]]] = {}
    for contour in contours:
        number = _slice_number(contour, across, frame)
        if number is not None:
            by_slice.setdefault((contour.name, number), []).append(np.delete(contour.points, across, axis=1))
    for (name, number), polygons in by_slice.items():
        volume = planes.volume(name)
        if volume is not None:
            plane = np.moveaxis(volume, across, 0)[number]
            plane |= inside_odd(polygons, plane.shape)


def _axis_across(contours: Sequence[Contour]) -> int:
    """The axis of the image along which the contours do not extend."""
    extents = np.array([np.ptp(contour.points, axis=0) for contour in contours])
    return int(np.argmin(np.median(extents, axis=0)))


def _slice_number(contour: Contour, across: int, frame: Frame) -> int | None:
    """None where the image is a picture and the contour is of another slice."""
    heights = contour.points[:, across]
    number, num_slices = round(float(heights.mean())), frame.shape[::-1][across]
    if frame.flat_axis is not None and not 0 <= number < num_slices:
        return None
    if float(np.abs(heights - number).max()) > _TOLERANCE:
        if frame.flat_axis is not None:
            return None
        raise WrongGeometry(
            f"has a contour of {contour.name} between the slices of its image, or tilted against them "
            f"(slice {heights.min():.2f} to {heights.max():.2f}): pair it with the image that it was drawn on"
        )
    if not 0 <= number < num_slices:
        raise WrongGeometry(
            f"has a contour of {contour.name} at slice {number}, beyond its image of {size_in_words(frame.shape)}: "
            "pair it with the whole series that it was drawn on"
        )
    return number


def inside_odd(polygons: Sequence[NDArray[np.float64]], shape: tuple[int, ...]) -> Plane:
    """bool of the given shape: where a pixel's centre (a whole number) is inside an odd number of polygons [N, 2].

    The even-odd rule along lines of the second axis: each edge that crosses a line turns inside and outside over from
    the crossing on. A centre on an edge belongs to the polygon on its far side, so neighbours never share pixels.
    """
    num_lines, length = shape
    turns = np.zeros((num_lines, length + 1), dtype=np.int32)
    for polygon in polygons:
        start, end = polygon, np.roll(polygon, -1, axis=0)
        first = np.clip(np.ceil(np.minimum(start[:, 0], end[:, 0])), 0, num_lines).astype(np.int64)
        stop = np.clip(np.ceil(np.maximum(start[:, 0], end[:, 0])), 0, num_lines).astype(np.int64)
        counts = stop - first
        edge = np.repeat(np.arange(len(polygon)), counts)
        line = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + first[edge]
        rise = end[edge, 0] - start[edge, 0]
        crossing = start[edge, 1] + (line - start[edge, 0]) * (end[edge, 1] - start[edge, 1]) / rise
        column = np.clip(np.ceil(crossing), 0, length).astype(np.int64)
        np.add.at(turns, (line, column), 1)
    inside: Plane = np.cumsum(turns, axis=1)[:, :length] % 2 == 1
    return inside
