"""DICOM files as data sets of pydicom, and the slices in them: one of a classic object, many of an enhanced one."""

import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.errors import BytesLengthException, InvalidDicomError

from worker.datasets.readers.errors import Undecodable, damage_as_undecodable

DECODER_ERRORS = (InvalidDicomError, BytesLengthException, OSError, EOFError, ValueError, KeyError, AttributeError,
                  IndexError, TypeError, struct.error, zlib.error, NotImplementedError, RuntimeError, OverflowError,
                  MemoryError, RecursionError)  # fmt: skip
SEGMENTATION_CLASSES = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
STRUCTURE_SET_CLASS = "1.2.840.10008.5.1.4.1.1.481.3"
#: Deflated Explicit VR Little Endian, padded to an even length.
_DEFLATED = b"1.2.840.10008.1.2.1.99"
#: pydicom's data sets carry no types of their elements.
Dataset = Any


@dataclass(frozen=True, eq=False)
class Slice:
    """One frame of one object. position: mm in LPS of the first pixel's centre, where is_placed says that it is known.

    rows: unit vector along a row (to the next column); columns: along a column (to the next row). spacing: mm between
    rows and between columns, None where unknown. thickness: mm, for volumes of one slice.
    """

    dataset: Dataset
    frame: int
    is_placed: bool
    position: NDArray[np.float64]
    rows: NDArray[np.float64]
    columns: NDArray[np.float64]
    spacing: tuple[float, float] | None
    thickness: float

    @property
    def normal(self) -> NDArray[np.float64]:
        normal: NDArray[np.float64] = np.cross(self.rows, self.columns)
        return normal

    @property
    def size(self) -> tuple[int, int]:
        return int(self.dataset.Rows), int(self.dataset.Columns)


def parse(data: bytes) -> Dataset:
    """Raises Undecodable. Files without the preamble are read where they name their SOP class."""
    if _DEFLATED in data[:4096]:
        raise Undecodable("is deflated, which has no bound: save it without (dcmconv +te), or with compressed pixels")
    with damage_as_undecodable(DECODER_ERRORS), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return pydicom.dcmread(io.BytesIO(data))
        except InvalidDicomError:
            pass
        try:
            dataset: Dataset = pydicom.dcmread(io.BytesIO(data), force=True)
        except DECODER_ERRORS:
            dataset = {}  # whatever it is, it names no class
        if "SOPClassUID" not in dataset:
            raise Undecodable("is no DICOM file, or is damaged: export or copy it again")
        if "TransferSyntaxUID" not in dataset.file_meta:
            dataset.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
        return dataset


def text_of(dataset: Dataset, keyword: str) -> str | None:
    """None where absent or empty."""
    return str(dataset.get(keyword) or "").strip() or None


def slices_of(dataset: Dataset) -> list[Slice]:
    """Raises Undecodable where the object holds no pixels, or its geometry is no geometry."""
    if not any(keyword in dataset for keyword in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        raise Undecodable(f"is a DICOM object without pixels ({sop_class_name(dataset)}): give the image itself")
    with damage_as_undecodable(DECODER_ERRORS):
        num_frames = int(dataset.get("NumberOfFrames") or 1)
        if num_frames < 1 or int(dataset.Rows) < 1 or int(dataset.Columns) < 1:
            raise Undecodable("says to have no pixels: export it again")
        return [_slice(dataset, frame, num_frames) for frame in range(num_frames)]


def _slice(dataset: Dataset, frame: int, num_frames: int) -> Slice:
    position = find(dataset, frame, "PlanePositionSequence", "ImagePositionPatient")
    orientation = find(dataset, frame, "PlaneOrientationSequence", "ImageOrientationPatient")
    spacing = find(dataset, frame, "PixelMeasuresSequence", "PixelSpacing")
    thickness = find(dataset, frame, "PixelMeasuresSequence", "SpacingBetweenSlices") or find(
        dataset, frame, "PixelMeasuresSequence", "SliceThickness"
    )
    in_enhanced = "PerFrameFunctionalGroupsSequence" in dataset
    if not position or not orientation or not spacing or (num_frames > 1 and not in_enhanced):
        position, orientation = None, (1, 0, 0, 0, 1, 0)
    directions = np.array([float(number) for number in orientation or ()])
    if directions.shape != (6,) or not np.isfinite(directions).all():
        raise Undecodable("has an ImageOrientationPatient that is no direction: export it again")
    rows, columns = _unit(directions[:3]), _unit(directions[3:])
    if abs(float(rows @ columns)) > 1e-2:
        raise Undecodable("has an ImageOrientationPatient whose rows and columns are not at right angles: export again")
    return Slice(
        dataset,
        frame,
        position is not None,
        _finite_vector((0, 0, 0) if position is None else position),
        rows,
        columns,
        _positive_pair(spacing),
        abs(float(thickness)) if thickness else 1.0,
    )


def find(dataset: Dataset, frame: int, group: str, keyword: str) -> Any:
    """The value of a frame: in its own functional groups, the shared ones, or the object itself; None."""
    per_frame: Any = dataset.get("PerFrameFunctionalGroupsSequence") or ()
    shared: Any = dataset.get("SharedFunctionalGroupsSequence") or ()
    for groups in [*per_frame[frame : frame + 1], *shared[:1]]:
        items = groups.get(group) or []
        if len(items) and items[0].get(keyword) is not None:
            return items[0].get(keyword)
    return dataset.get(keyword)


def sop_class_name(dataset: Dataset) -> str:
    return str(getattr(dataset.get("SOPClassUID"), "name", None) or dataset.get("Modality") or "of an unknown kind")


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    length = float(np.linalg.norm(vector))
    if length < 1e-6:
        raise Undecodable("has an ImageOrientationPatient that is no direction: export it again")
    return vector / length


def _finite_vector(values: Any) -> NDArray[np.float64]:
    vector = np.array([float(value) for value in values])
    if vector.shape != (3,) or not np.isfinite(vector).all():
        raise Undecodable("has an ImagePositionPatient that is no position: export it again")
    return vector


def _positive_pair(values: Any) -> tuple[float, float] | None:
    if not values:
        return None
    rows, columns = (float(value) for value in values)
    if not (0 < rows < np.inf and 0 < columns < np.inf):
        raise Undecodable(f"has a PixelSpacing of {rows} x {columns} mm: export it again")
    return rows, columns
