"""DICOM files as pydicom's data sets, and the slices in them: one in a classic object, many in an enhanced one."""

import struct
import warnings
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.errors import BytesLengthException, InvalidDicomError

from worker.datasets.readers.dicom_memory import (
    ITEM_BYTES,
    ITEM_TAGS,
    MAX_BYTES,
    Measure,
    MeasuredFile,
    read_large_sequences,
)
from worker.datasets.readers.errors import Undecodable, damage_as_undecodable
from worker.datasets.readers.values import require_size, require_sizes

DECODER_ERRORS = (InvalidDicomError, BytesLengthException, OSError, EOFError, ValueError, KeyError, AttributeError,
                  IndexError, TypeError, struct.error, zlib.error, NotImplementedError, RuntimeError, OverflowError,
                  MemoryError, RecursionError)  # fmt: skip
SEGMENTATION_CLASSES = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
STRUCTURE_SET_CLASS = "1.2.840.10008.5.1.4.1.1.481.3"
#: Bytes of a compressed frame at least, which is a fragment of its own with a tag and a length.
_MIN_BYTES_A_FRAME = 8
#: The UID of Deflated Explicit VR Little Endian, padded to an even length.
_DEFLATED = b"1.2.840.10008.1.2.1.99"
#: pydicom's data sets have no types of their elements.
Dataset = Any


@dataclass(frozen=True, eq=False)
class Slice:
    """One frame of one object.

    position: of the first pixel's centre, in mm in LPS; is_placed says whether it is known.
    rows: unit vector along a row (to the next column). columns: along a column (to the next row).
    spacing: between rows and between columns, in mm; None where unknown.
    thickness: in mm, for volumes of one slice.
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
        """Unit vector across the slice."""
        normal: NDArray[np.float64] = np.cross(self.rows, self.columns)
        return normal

    @property
    def size(self) -> tuple[int, int]:
        return int(self.dataset.Rows), int(self.dataset.Columns)


def parse(data: bytes) -> Dataset:
    """The data set of a file. Raises Undecodable, also where it would take too much memory. Files without the preamble
    are read where they name their SOP class."""
    if _DEFLATED in data[:4096]:
        raise Undecodable("is deflated, which has no bound: save it without (dcmconv +te), or with compressed pixels")
    num_items = max(data.count(tag) for tag in ITEM_TAGS)
    max_items = MAX_BYTES // ITEM_BYTES
    if num_items > max_items:
        raise Undecodable(f"holds {num_items} items in its sequences, more than {max_items}: export it in parts")
    with damage_as_undecodable(DECODER_ERRORS), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _read(data)
        except InvalidDicomError:
            pass
        try:
            dataset = _read(data, force=True)
        except Undecodable:
            raise
        except DECODER_ERRORS:
            dataset = {}  # this value, of whatever kind, names no class
        if "SOPClassUID" not in dataset:
            raise Undecodable("is no DICOM file, or is damaged: export or copy it again")
        if "TransferSyntaxUID" not in dataset.file_meta:
            dataset.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
        return dataset


def _read(data: bytes, force: bool = False) -> Dataset:
    """Raises Undecodable where it takes too much memory, and errors of pydicom."""
    measure = Measure()
    try:
        dataset = pydicom.dcmread(MeasuredFile(data, measure), force=force)
        read_large_sequences(dataset, measure)
    finally:
        measure.require_room()
    return dataset


def text_of(dataset: Dataset, keyword: str) -> str | None:
    """The element's text; None where it is absent or empty."""
    return str(dataset.get(keyword) or "").strip() or None


def slices_of(dataset: Dataset) -> list[Slice]:
    """The slices. Raises Undecodable where the object holds no pixels, or its geometry is none."""
    if not any(keyword in dataset for keyword in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        raise Undecodable(f"is a DICOM object without pixels ({sop_class_name(dataset)}): give the image itself")
    with damage_as_undecodable(DECODER_ERRORS):
        num_frames = number_of_frames(dataset)
        if num_frames > 1 and "PerFrameFunctionalGroupsSequence" not in dataset:
            raise Undecodable(
                f"holds {num_frames} frames or slices without a position in the patient: save the wanted picture "
                "alone, or export the volume with ImagePositionPatient"
            )
        return [_slice(dataset, frame) for frame in range(num_frames)]


def number_of_frames(dataset: Dataset) -> int:
    """The number in the header, once the file is known to hold that many frames. Raises Undecodable."""
    num_frames, rows, columns = int(dataset.get("NumberOfFrames") or 1), int(dataset.Rows), int(dataset.Columns)
    channels, bits = int(dataset.get("SamplesPerPixel") or 1), int(dataset.get("BitsAllocated") or 8)
    if num_frames < 1 or rows < 1 or columns < 1 or channels < 1 or bits < 1:
        raise Undecodable("says to have no pixels: export it again")
    require_size((num_frames, rows, columns, channels), max(1, bits // 8))
    num_described = len(dataset.get("PerFrameFunctionalGroupsSequence") or ())
    if num_described and num_described != num_frames:
        raise Undecodable(f"says to hold {num_frames} frames, but describes {num_described}: export it again")
    stored = _bytes_of_pixels(dataset)
    if stored is None:
        return num_frames
    expected = -(-num_frames * rows * columns * channels * bits // 8)
    if dataset.get("PhotometricInterpretation") == "YBR_FULL_422":
        expected = expected * 2 // 3
    if _is_compressed(dataset):
        expected = num_frames * _MIN_BYTES_A_FRAME
    if expected > stored:
        raise Undecodable(
            f"says to hold {num_frames} frame(s) of {columns} x {rows} pixels, which its {stored} bytes of pixels "
            "cannot be: copy or export it again"
        )
    return num_frames


def _bytes_of_pixels(dataset: Dataset) -> int | None:
    for keyword in ("PixelData", "FloatPixelData", "DoubleFloatPixelData"):
        if keyword in dataset:
            return len(dataset[keyword].value or b"")
    return None


def _is_compressed(dataset: Dataset) -> bool:
    return bool(dataset.file_meta.TransferSyntaxUID.is_compressed)


def _slice(dataset: Dataset, frame: int) -> Slice:
    position = find(dataset, frame, "PlanePositionSequence", "ImagePositionPatient")
    orientation = find(dataset, frame, "PlaneOrientationSequence", "ImageOrientationPatient")
    spacing = find(dataset, frame, "PixelMeasuresSequence", "PixelSpacing")
    thickness = find(dataset, frame, "PixelMeasuresSequence", "SpacingBetweenSlices") or find(
        dataset, frame, "PixelMeasuresSequence", "SliceThickness"
    )
    if not position or not orientation:
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
        abs(float(thickness)) if thickness and np.isfinite(float(thickness)) else 1.0,
    )


def find(dataset: Dataset, frame: int, group: str, keyword: str) -> Any:
    """The value for a frame, from its own functional groups, the shared ones, or the object itself; None where it is
    nowhere."""
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
    require_sizes((rows, columns))
    return rows, columns
