"""Decoding the pictures and masks of public originals, whose formats are wider than those of a registered data set.

Legend of shapes: H rows, W columns. Pixels are taken as stored: EXIF orientation is not applied, for the authors' masks
were drawn on the stored pixels.
"""

import gzip
import io
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, UnidentifiedImageError

from fedsm.public_datasets.base import Picture, PictureArray, ReasonCode, Unusable
from worker.datasets.readers import Undecodable
from worker.datasets.readers.deep_colour import is_deep_colour

#: What Pillow may try: the formats that the originals have.
FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "PPM")
_DECODER_ERRORS = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error)
BoolPlane = NDArray[np.bool_]
_HALF = 127
_DEEP_MODES = ("I;16", "I;16B", "I;16L", "I", "F")


def read_colour(path: Path) -> PictureArray:
    """[H, W, 3]. Raises Unusable, also of more than 8 bits a channel, which would be cut to 8."""
    picture = _open(path, "unreadable_image")
    if picture.mode in _DEEP_MODES:
        raise Unusable("unreadable_image", f"{path.name} has more than 8 bits a pixel: save it with 8")
    return np.asarray(picture.convert("RGB"))


def read_grey(path: Path) -> PictureArray:
    """[H, W] of a mask: luminance of colour pictures, 0 and 255 of one-bit ones. Raises Unusable."""
    picture = _open(path, "unreadable_mask")
    if picture.mode in _DEEP_MODES:
        return _to_bytes(path, np.asarray(picture))
    return np.asarray(picture.convert("L"))


def read_indices(path: Path) -> PictureArray:
    """[H, W] as stored: the indices of a palette file, the values of a grey one. Raises Unusable."""
    picture = _open(path, "unreadable_mask")
    return np.asarray(picture) if picture.mode == "P" else read_grey(path)


def white(values: PictureArray) -> BoolPlane:
    """[H, W] of a black and white mask: above half of 255; of repacks that hold 0 and 1 only, 1."""
    return values == 1 if values.max(initial=0) == 1 else values > _HALF


def polygon(points: list[tuple[float, float]], shape: tuple[int, int]) -> BoolPlane:
    """[H, W] inside of a closed outline, border included. points: (x, y) in pixels, x to the right."""
    canvas = Image.new("1", (shape[1], shape[0]))
    ImageDraw.Draw(canvas).polygon(points, outline=1, fill=1)
    return np.asarray(canvas)


def disc_and_cup(image: PictureArray, disc: BoolPlane, cup: BoolPlane, mask: Path) -> Picture:
    """Labels 1 (rim) and 2 (cup). The disc is the union, so cup pixels beyond the drawn disc widen it.

    Raises Unusable where the sizes differ or there is no disc.
    """
    require_size(image, disc, mask)
    require_size(image, cup, mask)
    labels = np.where(cup, np.uint8(2), np.where(disc, np.uint8(1), np.uint8(0))).astype(np.uint8)
    return Picture(image, require_foreground(labels, mask))


def one_structure(image: PictureArray, structure: BoolPlane, mask: Path) -> Picture:
    """Label 1. Raises Unusable where the sizes differ or nothing is outlined."""
    require_size(image, structure, mask)
    return Picture(image, require_foreground(structure.astype(np.uint8), mask))


def require_size(image: PictureArray, mask: PictureArray | BoolPlane, path: Path) -> None:
    """Raises Unusable for a mask of another size than its image."""
    if image.shape[:2] != mask.shape[:2]:
        height, width = image.shape[:2]
        raise Unusable(
            "size_mismatch", f"{path.name} is {mask.shape[1]} x {mask.shape[0]}, the image is {width} x {height}"
        )


def require_foreground(labels: PictureArray, path: Path) -> PictureArray:
    """Raises Unusable for a mask that outlines nothing."""
    if not labels.any():
        raise Unusable("empty_mask", f"{path.name} outlines nothing")
    return labels


def require_values(values: PictureArray, allowed: frozenset[int], path: Path) -> PictureArray:
    """Raises Unusable for values that the original is not known to have."""
    unknown = sorted(set(np.unique(values).tolist()) - allowed)
    if unknown:
        shown = ", ".join(map(str, unknown[:8])) + (", ..." if len(unknown) > 8 else "")
        raise Unusable(
            "unknown_label",
            f"{path.name} holds {shown} in addition to {', '.join(map(str, sorted(allowed)))}: take the original",
        )
    return values


def _open(path: Path, code: ReasonCode) -> Image.Image:
    """The first frame, decoded. `.gz` is unpacked. Raises Unusable with this code."""
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix.lower() == ".gz" else path.read_bytes()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = Image.open(io.BytesIO(data), formats=FORMATS)
            if is_deep_colour(picture, data):
                raise Undecodable("has 16 bits a channel: save it with 8")
            picture.load()
    except Undecodable as error:
        raise Unusable(code, f"{path.name} {error}") from None
    except UnidentifiedImageError:
        raise Unusable(code, f"{path.name} is no picture, or is damaged: download it again") from None
    except (*_DECODER_ERRORS, Image.DecompressionBombError) as error:
        raise Unusable(code, f"{path.name} cannot be decoded ({error}): download it again") from None
    return picture


def _to_bytes(path: Path, values: NDArray[np.generic]) -> PictureArray:
    numbers = np.asarray(values, dtype=np.float64)
    if not np.isfinite(numbers).all() or numbers.min() < 0 or numbers.max() > 255 or (numbers % 1).any():
        raise Unusable("unreadable_mask", f"{path.name} holds values that are no integers from 0 to 255")
    return numbers.astype(np.uint8)
