"""DICOM structure sets (RTSTRUCT): contours in mm, filled on the slices of an image.

Source: DICOM PS3.3 A.19, C.8.8.6. A voxel belongs to a structure where its centre lies inside; `contours` says what
several contours of a slice are together. Nothing is drawn between the slices of contours. Points and open lines enclose
nothing and are left out, as are unwanted structures, wherever they lie.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

from worker.datasets.readers.contours import combined
from worker.datasets.readers.dicom_files import Dataset, text_of
from worker.datasets.readers.errors import Undecodable, WrongGeometry
from worker.datasets.readers.model import Frame, Note
from worker.datasets.readers.orientation import size_in_words
from worker.datasets.readers.placing import Planes, Wanted, placed_frame, voxel_of_lps
from worker.datasets.readers.values import in_words

_EXCLUSIVE = "CLOSEDPLANAR_XOR"
_CLOSED = ("CLOSED_PLANAR", _EXCLUSIVE)
_CONTOUR_DATA = Tag("ContourData")
#: Bounds of a file; a large plan has 50,000 contours with a million points.
_MAX_CONTOURS = 200_000
_MAX_CONTOURS_OF_SLICE = 5_000
_MAX_POINTS = 20_000_000
_MAX_POINTS_OF_ONE = 1_000_000
#: How far a contour may lie from the slice on which it is filled, in voxels.
_TOLERANCE = 0.25


@dataclass(frozen=True, eq=False)
class Contour:
    """roi: the number of its ROI, because several may have one name. points: [N, 3], voxel index (x, y, z), not whole.
    is_exclusive: whether it is CLOSEDPLANAR_XOR."""

    roi: int
    name: str
    is_exclusive: bool
    points: NDArray[np.float64]


def read_structure_set(dataset: Dataset, frame: Frame | None, wanted: Wanted) -> Planes:
    """The planes by ROIName. Raises CannotRead, or what pydicom raises on damage."""
    target = placed_frame(frame, _frames_of_reference(dataset))
    names = _names(dataset)
    planes = Planes(target, names.values(), wanted)
    contours = list(_contours(dataset, names, target, wanted))
    if contours:
        planes.notes = _fill(contours, target, planes)
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


def _contours(dataset: Dataset, names: dict[int, str], frame: Frame, wanted: Wanted) -> Iterator[Contour]:
    if frame.affine is None:
        raise WrongGeometry("is laid on its image by position, but the image has none: use the image of the patient")
    to_voxel = voxel_of_lps(frame.affine)
    num_contours = num_points = 0
    for roi in dataset.get("ROIContourSequence") or ():
        number = int(roi.ReferencedROINumber)
        if number not in names:
            raise Undecodable(f"has contours of structure {number}, which it does not name: export it again")
        name = names[number]
        if not wanted(name):
            continue
        for contour in roi.get("ContourSequence") or ():
            kind = text_of(contour, "ContourGeometricType")
            if kind not in _CLOSED:
                continue
            points = _points(contour, name)
            num_contours, num_points = num_contours + 1, num_points + len(points)
            if num_contours > _MAX_CONTOURS or num_points > _MAX_POINTS:
                raise Undecodable(
                    f"holds more than {_MAX_CONTOURS} contours or {_MAX_POINTS} points: export fewer structures in "
                    "each file"
                )
            if len(points) >= 3:
                yield Contour(number, name, kind == _EXCLUSIVE, points @ to_voxel[:3, :3].T + to_voxel[:3, 3])


def _points(contour: Dataset, name: str) -> NDArray[np.float64]:
    """[N, 3] mm in LPS, from the bytes, because pydicom would make an object of each number. Raises Undecodable."""
    raw = contour.get_item(_CONTOUR_DATA)
    if raw is None:
        raise Undecodable(f"has a contour of {name} without points: export it again")
    values = raw.value or b""
    if isinstance(raw, RawDataElement) and isinstance(values, bytes):
        if values.count(b"\\") >= 3 * _MAX_POINTS_OF_ONE:
            raise Undecodable(f"has a contour of {name} with more than {_MAX_POINTS_OF_ONE} points: export it again")
        values = values.strip(b" \0").split(b"\\") if values.strip(b" \0") else []
    numbers = np.array([float(value) for value in values], dtype=np.float64)
    if len(numbers) % 3:
        raise Undecodable(f"has a contour of {name} with {len(numbers)} numbers, not three a point: export it again")
    if not np.isfinite(numbers).all():
        raise Undecodable(f"has a contour of {name} with points that are no numbers: export it again")
    return numbers.reshape(-1, 3)


def _fill(contours: Sequence[Contour], frame: Frame, planes: Planes) -> tuple[Note, ...]:
    """Fills contours into the planes; returns what a person should look at."""
    across = _axis_across(contours)
    by_slice: dict[tuple[int, str, int], tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]] = {}
    for contour in contours:
        number = _slice_number(contour, across, frame)
        if number is not None:
            polygons = by_slice.setdefault((contour.roi, contour.name, number), ([], []))
            if len(polygons[0]) + len(polygons[1]) >= _MAX_CONTOURS_OF_SLICE:
                raise Undecodable(
                    f"has more than {_MAX_CONTOURS_OF_SLICE} contours of {contour.name} on one slice: export it again"
                )
            polygons[contour.is_exclusive].append(np.delete(contour.points, across, axis=1))
    crossing: dict[str, list[int]] = {}
    for (_, name, number), (closed, exclusive) in by_slice.items():
        volume = planes.volume(name)
        if volume is None:
            continue
        plane = np.moveaxis(volume, across, 0)[number]
        height, width = plane.shape
        inside, crosses = combined(closed, exclusive, (height, width))
        plane |= inside
        if crosses:
            crossing.setdefault(name, []).append(number)
    if not crossing:
        return ()
    num_slices, first = len(set().union(*crossing.values())), min(min(numbers) for numbers in crossing.values())
    return (
        Note(
            "crossing_contours",
            f"has contours of {in_words(list(crossing))} that cross on {num_slices} slice(s) (the first is slice "
            f"{first}, from 0), of which the union was taken: look at them in the program that drew them",
        ),
    )


def _axis_across(contours: Sequence[Contour]) -> int:
    """The axis of the image along which the contours do not extend."""
    extents = np.array([np.ptp(contour.points, axis=0) for contour in contours])
    return int(np.argmin(np.median(extents, axis=0)))


def _slice_number(contour: Contour, across: int, frame: Frame) -> int | None:
    """The slice that a contour lies on; None where the image is a picture and the contour is of another slice."""
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
