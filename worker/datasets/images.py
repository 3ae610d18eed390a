"""Decoding images and masks with Pillow, and saying in plain words what cannot be decoded.

Legend of shapes: H rows, W columns, C channels.
"""

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

#: What Pillow may try: the other formats are not needed, and some of them start programs.
FORMATS = ("PNG", "JPEG", "TIFF", "BMP")
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"})
SUFFIXES_IN_WORDS = "PNG, JPEG, TIFF or BMP (.png, .jpg, .jpeg, .tif, .tiff, .bmp)"

ImageArray = NDArray[Any]  # uint8, uint16, or float32 in 0 to 1
MaskArray = NDArray[np.int32]

#: What Pillow's decoders raise on damaged files.
_DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    struct.error,
    zlib.error,
    MemoryError,
)


class Undecodable(ValueError):
    """Damaged, of another format, or too big; the text completes `images/a.png ...`."""


class WrongChannels(ValueError):
    """Decoded, but not with the number of channels that is wanted; the text completes `images/a.png ...`."""


def decode_image(data: bytes, num_channels: Literal[1, 3]) -> ImageArray:
    """[H, W, C], turned as its EXIF orientation says.

    8-bit files give uint8; 16-bit grey ones uint16; 16-bit colour ones uint8, for Pillow keeps the high byte only;
    floating-point TIFF float32, which must lie in 0 to 1. Palettes become colours. An opaque alpha channel is
    dropped. A colour file whose three channels are equal counts as grey where grey is wanted; a grey file is never
    repeated to make colour, for a network would take the missing colour for a property of the site.

    Raises Undecodable or WrongChannels.
    """
    with _opened(data) as picture:
        return _with_channels(_pixels(_without_palette(picture)), num_channels)


def decode_mask(data: bytes) -> tuple[MaskArray, str]:
    """[H, W] labels, and the file's format, as `JPEG`.

    Of a palette file the indices are the labels, not the colours. A colour file is accepted when its channels are
    equal. Raises Undecodable or WrongChannels.
    """
    with _opened(data) as picture:
        pixels = _pixels(picture)
        picture_format = picture.format or "unknown"
    grey = _drop_alpha(pixels, must_be_opaque=False)
    if grey.shape[2] != 1:
        if not _is_grey(grey):
            raise WrongChannels(
                "is a colour picture, whose colours are no labels: save the mask as grey or palette PNG, "
                "one integer a structure"
            )
        grey = grey[..., :1]
    labels = grey[..., 0]
    if np.issubdtype(labels.dtype, np.floating):
        _require_whole_numbers(labels)
    return labels.astype(np.int32), picture_format


def _require_whole_numbers(labels: ImageArray) -> None:
    """Before the cast to integers, which would wrap what is too large, and infinity, to 0."""
    in_range = np.isfinite(labels) & (labels >= 0) & (labels <= np.iinfo(np.uint16).max)
    if not in_range.all() or (labels != np.round(labels)).any():
        raise Undecodable("holds values that are no integers from 0 to 65535: save the mask as 8-bit PNG")


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    """The decoded picture, upright. Whatever the decoder finds wrong is raised as Undecodable."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data), formats=FORMATS)
            if getattr(picture, "n_frames", 1) > 1:
                raise Undecodable("holds several pages or frames: save one picture in each file")
            picture.load()
            upright = ImageOps.exif_transpose(picture)
            upright.format = picture.format
    except Undecodable:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        limit = (Image.MAX_IMAGE_PIXELS or 0) // 10**6
        raise Undecodable(f"has more than {limit} million pixels: crop or shrink it") from None
    except UnidentifiedImageError:
        raise Undecodable(f"is no {SUFFIXES_IN_WORDS} file, or is damaged: export it again") from None
    except _DECODER_ERRORS as error:
        raise Undecodable(f"is damaged ({error}): export or copy it again") from None
    yield upright


def _without_palette(picture: Image.Image) -> Image.Image:
    if picture.mode not in ("P", "PA"):
        return picture
    return picture.convert("RGBA" if "transparency" in picture.info or picture.mode == "PA" else "RGB")


def _pixels(picture: Image.Image) -> ImageArray:
    """[H, W, C] of any mode."""
    if picture.mode in ("CMYK", "YCbCr", "LAB", "HSV"):
        raise WrongChannels(f"has {picture.mode} colours: save it as RGB or grey")
    pixels = np.asarray(picture)
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8)
    if pixels.dtype == np.int32:
        if pixels.min() < 0 or pixels.max() > np.iinfo(np.uint16).max:
            raise Undecodable(f"has values from {pixels.min()} to {pixels.max()}: save it with 8 or 16 bits")
        pixels = pixels.astype(np.uint16)
    pixels = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    return pixels if pixels.ndim == 3 else pixels[..., None]


def _with_channels(pixels: ImageArray, num_channels: int) -> ImageArray:
    if np.issubdtype(pixels.dtype, np.floating) and not (np.isfinite(pixels).all() and _in_unit_range(pixels)):
        raise Undecodable("has floating-point values beyond 0 to 1: save it with 8 or 16 bits, or divide by its range")
    pixels = _drop_alpha(pixels, must_be_opaque=True)
    if pixels.shape[2] == 3 and num_channels == 1 and _is_grey(pixels):
        pixels = pixels[..., :1]
    if pixels.shape[2] != num_channels:
        wanted = "grey (1 channel)" if num_channels == 1 else "colour (3 channels)"
        raise WrongChannels(
            f"has {pixels.shape[2]} channel(s), but the federation's task has {wanted} images: export it so, "
            "or register it in a federation of the other kind"
        )
    return np.ascontiguousarray(pixels)


def _drop_alpha(pixels: ImageArray, must_be_opaque: bool) -> ImageArray:
    if pixels.shape[2] not in (2, 4):
        return pixels
    if must_be_opaque and (pixels[..., -1] != np.iinfo(pixels.dtype).max).any():
        raise WrongChannels("has transparent pixels, whose colour is undefined: save it without alpha channel")
    return pixels[..., :-1]


def _is_grey(pixels: ImageArray) -> bool:
    return bool((pixels[..., 1:] == pixels[..., :1]).all())


def _in_unit_range(pixels: ImageArray) -> bool:
    return bool(pixels.min() >= 0 and pixels.max() <= 1)
