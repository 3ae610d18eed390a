"""The length to which DICOM's run lengths expand, counted before they are decoded, because two bytes may stand for 128.

Source: DICOM PS3.5, annex G: a frame is a header of 16 integers and up to 15 segments of PackBits.
"""

import struct

from pydicom.encaps import generate_frames

from worker.datasets.readers.dicom_files import Dataset, number_of_frames
from worker.datasets.readers.errors import Undecodable

_HEADER_BYTES = 64
_MAX_SEGMENTS = 15
#: Spare bytes, because encoders pad a segment to an even length and a last run may go past the end.
_MAX_PADDING = 128


def require_expansion_fits(dataset: Dataset) -> None:
    """Raises Undecodable where a segment expands to more than one byte for each pixel of a frame."""
    num_pixels = int(dataset.Rows) * int(dataset.Columns)
    for frame in generate_frames(dataset.PixelData, number_of_frames=number_of_frames(dataset)):
        for segment in _segments(frame):
            if _expands_beyond(segment, num_pixels + _MAX_PADDING):
                raise Undecodable(
                    f"holds run lengths that expand to more than its {dataset.Columns} x {dataset.Rows} pixels: "
                    "export it again"
                )


def _segments(frame: bytes) -> list[bytes]:
    """The segments; empty where the header is no header, because the decoder then says so."""
    if len(frame) < _HEADER_BYTES:
        return []
    num_segments, *offsets = struct.unpack("<16L", frame[:_HEADER_BYTES])
    if num_segments > _MAX_SEGMENTS:
        return []
    ends = [*offsets[1:num_segments], len(frame)]
    return [frame[start:end] for start, end in zip(offsets[:num_segments], ends, strict=True)]


def _expands_beyond(segment: bytes, limit: int) -> bool:
    """Whether a segment expands beyond the limit; it stops counting as soon as that is known."""
    place = expanded = 0
    while place < len(segment) and expanded <= limit:
        control = segment[place]
        if control == 128:  # stands for nothing
            place += 1
        elif control < 128:
            place += control + 2
            expanded += control + 1
        else:
            place += 2
            expanded += 257 - control
    return expanded > limit
