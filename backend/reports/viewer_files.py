"""Single slices of the viewer's files (`worker.datasets.viewer_files` writes them), without NumPy.

A file is read as a stream, a slice at a time, because a volume may be larger than what a backend may take.
"""

import gzip
import math
import struct
import zlib
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

HEADER = 348
#: NIfTI's code of a type to that of Python's array; RGB is apart.
_TYPES = {2: "B", 256: "b", 4: "h", 512: "H", 8: "i", 768: "I", 16: "f", 64: "d"}
_RGB = 128
MAX_SLICES = 10_000
MAX_SLICE_BYTES = 256 << 20
#: Of a grey image, the shares of its values below black and below white, and how many of them are looked at.
_BLACK, _WHITE = 0.005, 0.995
_MAX_SAMPLED = 20_000


@dataclass(frozen=True)
class ViewerHeader:
    """size: columns, rows, slices. spacing: mm between columns and rows. upwards: rows run from the bottom."""

    size: tuple[int, int, int]
    datatype: int
    spacing: tuple[float, float]
    upwards: bool
    offset: int

    @property
    def voxel_bytes(self) -> int:
        return 3 if self.datatype == _RGB else array(_TYPES[self.datatype]).itemsize

    @property
    def slice_bytes(self) -> int:
        return self.size[0] * self.size[1] * self.voxel_bytes

    def fitted(self, side: int) -> tuple[int, int]:
        """Columns and rows of square pixels, the more of them `side`."""
        width, height = (count * length for count, length in zip(self.size, self.spacing, strict=False))
        longer = max(width, height)
        return max(1, round(side * width / longer)), max(1, round(side * height / longer))


def largest_slice(mask: Path) -> tuple[int, int]:
    """The index of the axial slice with the most foreground, the first of equals; the middle one where there is none.
    And how many slices there are.

    Raises ValueError for a file that the viewer would not have."""
    with _opened(mask) as file:
        header = _header(file)
        counts = []
        for _ in range(header.size[2]):
            content = _read(file, header.slice_bytes)
            counts.append(len(content) - content.count(0))
    return counts.index(max(counts)) if any(counts) else len(counts) // 2, len(counts)


def shown_slice(image: Path, index: int, side: int) -> Image.Image:
    """An axial slice upright, its longer side of `side` pixels: colour, or grey between the percentiles of its values.

    Raises ValueError for a file that the viewer would not have, or without that slice."""
    header, content = _slice(image, index)
    size = header.size[:2]
    if header.datatype == _RGB:
        picture = Image.frombytes("RGB", size, content)
    else:
        picture = Image.frombytes("L", size, _to_8_bit(content, header)).convert("RGB")
    return _upright(picture, header, side, Image.Resampling.BICUBIC)


def shown_masks(mask: Path, index: int, side: int, num_structures: int) -> list[Image.Image]:
    """Each structure of an axial slice as `shown_slice` has it, 255 inside. Raises ValueError as that one."""
    header, content = _slice(mask, index)
    planes = []
    for structure in range(num_structures):
        byte, bit = structure // 8, 1 << structure % 8
        if byte >= header.voxel_bytes:
            raise ValueError(f"the mask has {8 * header.voxel_bytes} structures, not {num_structures}")
        plane = Image.frombytes("L", header.size[:2], content[byte :: header.voxel_bytes])
        inside = plane.point([255 if value & bit else 0 for value in range(256)])
        planes.append(_upright(inside, header, side, Image.Resampling.NEAREST))
    return planes


def _slice(path: Path, index: int) -> tuple[ViewerHeader, bytes]:
    with _opened(path) as file:
        header = _header(file)
        if not 0 <= index < header.size[2]:
            raise ValueError(f"there is no slice {index} among {header.size[2]}")
        for _ in range(index):
            _read(file, header.slice_bytes)
        return header, _read(file, header.slice_bytes)


def _opened(path: Path) -> gzip.GzipFile:
    return gzip.open(path, "rb")


def _read(file: gzip.GzipFile, num_bytes: int) -> bytes:
    try:
        content = file.read(num_bytes)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"the viewer's file is damaged: {error}") from error
    if len(content) < num_bytes:
        raise ValueError("the viewer's file is cut off")
    return content


def _header(file: gzip.GzipFile) -> ViewerHeader:
    raw = _read(file, HEADER)
    if struct.unpack_from("<i", raw)[0] != HEADER or raw[344:348] != b"n+1\0":
        raise ValueError("the viewer's file is no NIfTI file")
    num_dimensions, columns, rows, slices = struct.unpack_from("<4h", raw, 40)
    (datatype,) = struct.unpack_from("<h", raw, 70)
    across, down = (abs(value) for value in struct.unpack_from("<2f", raw, 80))
    (offset,) = struct.unpack_from("<f", raw, 108)
    to_anterior = struct.unpack_from("<4f", raw, 296)[1]
    slices = slices if num_dimensions > 2 else 1
    header = ViewerHeader(
        size=(columns, rows, slices),
        datatype=datatype,
        spacing=(across, down) if _is_length(across) and _is_length(down) else (1.0, 1.0),
        upwards=to_anterior > 0,
        offset=int(offset) if math.isfinite(offset) else HEADER,
    )
    if datatype != _RGB and datatype not in _TYPES:
        raise ValueError(f"the viewer's file has values of the type {datatype}")
    if min(header.size) < 1 or slices > MAX_SLICES or header.slice_bytes > MAX_SLICE_BYTES:
        raise ValueError(f"the viewer's file says that it has {columns} x {rows} x {slices} voxels")
    _read(file, min(max(header.offset - HEADER, 0), MAX_SLICE_BYTES))
    return header


def _is_length(value: float) -> bool:
    return math.isfinite(value) and 1e-4 < value < 1e4


def _upright(picture: Image.Image, header: ViewerHeader, side: int, resampling: Image.Resampling) -> Image.Image:
    if header.upwards:
        picture = picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    return picture.resize(header.fitted(side), resampling)


def _to_8_bit(content: bytes, header: ViewerHeader) -> bytes:
    """Of a grey slice. Values of 8 bits of a single slice are a photograph's, and stay."""
    if header.datatype == 2 and header.size[2] == 1:
        return content
    values: array[Any] = array(_TYPES[header.datatype])
    values.frombytes(content)
    sampled = sorted(value for value in values[:: max(1, len(values) // _MAX_SAMPLED)] if math.isfinite(value))
    if not sampled:
        return bytes(len(values))
    low, high = (sampled[round(share * (len(sampled) - 1))] for share in (_BLACK, _WHITE))
    if high <= low:
        return bytes(len(values))
    scale = 255 / (high - low)
    return bytes(0 if not value > low else 255 if value >= high else int((value - low) * scale) for value in values)
