"""Colour pictures with 16 bits per channel, of which Pillow keeps the high byte only: PNG and TIFF with SimpleITK.

Legend of shapes: H rows, W columns, C channels.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK
from numpy.typing import NDArray
from PIL import Image

from worker.datasets.readers.errors import Undecodable
from worker.datasets.readers.values import require_size

#: SimpleITK has no type annotations.
sitk: Any = SimpleITK
_BITS_PER_SAMPLE, _SAMPLES_PER_PIXEL = 258, 277
_PNG_BIT_DEPTH_BYTE, _PNG_COLOUR_TYPE_BYTE = 24, 25
_PNG_GREY_WITH_ALPHA = 4
_PNG_IS_COLOUR = (2, 6)
#: SimpleITK warns on the terminal where it reads with 8 bits, which is refused here.
sitk.ProcessObject.SetGlobalWarningDisplay(False)
_READERS = {"PNG": (".png", "PNGImageIO"), "TIFF": (".tif", "TIFFImageIO")}


def is_deep_colour(picture: Image.Image, data: bytes) -> bool:
    """Whether the opened picture has several channels of more than 8 bits. Raises Undecodable where no library reads
    it."""
    if picture.format == "PNG" and data[_PNG_BIT_DEPTH_BYTE] == 16:
        if data[_PNG_COLOUR_TYPE_BYTE] == _PNG_GREY_WITH_ALPHA:
            raise Undecodable("is grey with 16 bits and an alpha channel: save it without alpha channel")
        return data[_PNG_COLOUR_TYPE_BYTE] in _PNG_IS_COLOUR
    if picture.format == "TIFF":
        tags = getattr(picture, "tag_v2", {})
        bits = tags.get(_BITS_PER_SAMPLE, (8,))
        # A single number of bits is that of all samples.
        return bool(max(len(bits), tags.get(_SAMPLES_PER_PIXEL, 1)) > 1 and max(bits) > 8)
    return False


def read_deep_colour(picture: Image.Image, data: bytes, turn: int) -> NDArray[Any]:
    """uint16 [H, W, 3 or 4], turned as the EXIF orientation `turn` says. Raises Undecodable."""
    require_size((*picture.size, 4), 2)
    if turn != 1 and picture.format == "TIFF":  # of which SimpleITK turns some itself, and reads others with 8 bits
        raise Undecodable("is a TIFF of 16-bit colours with an orientation of its own: save it upright, or as PNG")
    pixels = _with_simpleitk(picture, data)
    if pixels.ndim != 3 or pixels.dtype != np.uint16 or pixels.shape[:2] != picture.size[::-1]:
        raise Undecodable("has colours of 16 bits stored in a rare way: save it as PNG, or as a plain TIFF")
    return _upright(pixels, turn)


def _with_simpleitk(picture: Image.Image, data: bytes) -> NDArray[Any]:
    suffix, reader_name = _READERS[str(picture.format)]
    reader = sitk.ImageFileReader()
    reader.SetImageIO(reader_name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"picture{suffix}"
        path.write_bytes(data)
        reader.SetFileName(str(path))
        try:
            pixels: NDArray[Any] = sitk.GetArrayFromImage(reader.Execute())
        except RuntimeError:  # the only kind that SimpleITK raises; its text tells of its own source files
            raise Undecodable("is damaged, or has 16-bit colours stored in a rare way: save it as PNG") from None
    return pixels


def _upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """[H, W, C] turned as an EXIF orientation from 1 to 8 says; other values turn nothing."""
    match orientation:
        case 2:
            return pixels[:, ::-1]
        case 3:
            return pixels[::-1, ::-1]
        case 4:
            return pixels[::-1]
        case 5:
            return pixels.swapaxes(0, 1)
        case 6:
            return np.rot90(pixels, -1)
        case 7:
            return np.rot90(pixels, 2).swapaxes(0, 1)
        case 8:
            return np.rot90(pixels)
        case _:
            return pixels
