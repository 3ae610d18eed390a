"""How much memory a DICOM file takes once it is read: up to ninety times its bytes, where these are small elements.

pydicom makes objects of each element and each item of a sequence, and eight bytes are enough for either. How many a
file holds is known only as its reader follows lengths and transfer syntaxes. So the reader reads from a file that
counts, and sequences that pydicom leaves for later are read at once where they are large.
"""

import io
from typing import Any

import pydicom
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.filereader import read_sequence
from pydicom.sequence import Sequence

from worker.datasets.readers.errors import Undecodable

ITEM_TAGS = (b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00")
#: Bytes of memory of an item and of an element without its value, as measured with pydicom 3.0 and CPython 3.11.
ITEM_BYTES = 700
_ELEMENT_BYTES = 370
#: Of the items and elements of one file. A segmentation of 100 organs on 500 slices takes 0.6 GiB.
MAX_BYTES = 2**30
_HEADER_BYTES = 8
#: A sequence below it takes at most ITEM_BYTES / 8 times as much memory, and only a few of one file are looked at.
_LEFT_FOR_LATER = 2**20


class Measure:
    """The memory that one file has taken so far."""

    def __init__(self) -> None:
        self.num_bytes = 0

    def add(self, num_bytes: int) -> None:
        """Raises Undecodable where it is too much."""
        self.num_bytes += num_bytes
        self.require_room()

    def require_room(self) -> None:
        """Raises Undecodable where it was too much: pydicom turns some errors of a file into its own."""
        if self.num_bytes > MAX_BYTES:
            raise Undecodable(
                f"holds elements and items that take more than {MAX_BYTES / 2**30:.3g} GiB of memory: export it in "
                "parts"
            )


class MeasuredFile(io.BytesIO):
    """Bytes that pydicom reads: it reads each header of an element or item by itself."""

    def __init__(self, data: bytes, measure: Measure) -> None:
        super().__init__(data)
        self._measure = measure

    def read(self, size: int | None = -1, /) -> bytes:
        """Raises Undecodable where the file takes too much memory."""
        content = super().read(size)
        if len(content) == _HEADER_BYTES:
            self._measure.add(ITEM_BYTES if content[:4] in ITEM_TAGS else _ELEMENT_BYTES)
        return content


def read_large_sequences(dataset: pydicom.Dataset, measure: Measure) -> None:
    """Reads what pydicom would read when it is looked at.

    Raises Undecodable where it takes too much memory, and errors of pydicom.
    """
    _read_sequences(dataset, measure, _LEFT_FOR_LATER)


def _read_sequences(dataset: pydicom.Dataset, measure: Measure, at_least: int) -> None:
    """at_least: bytes of a sequence that is not left for later."""
    for tag in list(dataset.keys()):
        element = dataset.get_item(tag)
        if isinstance(element, RawDataElement) and _is_sequence(element) and len(element.value or b"") >= at_least:
            items = _items_of(element, dataset.original_character_set, measure)
            dataset[tag] = DataElement(tag, "SQ", items, already_converted=True)
        elif isinstance(element, DataElement) and element.VR == "SQ":
            items = element.value
        else:
            continue
        for item in items:
            _read_sequences(item, measure, 1)


def _items_of(element: RawDataElement, encodings: Any, measure: Measure) -> Sequence:
    content = element.value or b""
    file = MeasuredFile(content, measure)
    return read_sequence(file, element.is_implicit_VR, element.is_little_endian, len(content), encodings)


def _is_sequence(element: RawDataElement) -> bool:
    if element.VR in (None, "UN"):
        return dictionary_has_tag(element.tag) and dictionary_VR(element.tag) == "SQ"
    return element.VR == "SQ"
