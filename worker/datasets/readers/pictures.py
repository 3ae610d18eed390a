"""PNG, JPEG, TIFF, BMP and GIF with Pillow.

Legend of shapes: H rows, W columns, C channels.
"""

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from worker.datasets.readers.errors import Undecodable, WrongChannels, damage_as_undecodable
from worker.datasets.readers.model import Pixels

#: What Pillow may try: the other formats are not needed, and some of them start programs.
FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF")
_IN_WORDS = "PNG, JPEG, TIFF, BMP or GIF"

#: What Pillow's decoders raise on damaged files.
_DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    OverflowError,
    struct.error,
    zlib.error,
    MemoryError,
)


def read_picture(data: bytes) -> Pixels:
    """[H, W, 1] or [H, W, 3], turned as its EXIF orientation says.

    8-bit files give uint8; 16-bit grey ones uint16; 16-bit colour ones uint8, for Pillow keeps the high byte only;
    floating-point TIFF float32. Palettes become colours, or grey where all their colours are. An opaque alpha channel
    is dropped. Raises Undecodable or WrongChannels.
    """
    with _opened(data) as picture:
        pixels = _pixels(_without_palette(picture))
        if picture.mode in ("P", "PA") and pixels.shape[2] >= 3 and is_grey(pixels[..., :3]):
            pixels = pixels[..., [0, *range(3, pixels.shape[2])]]
        return np.ascontiguousarray(_drop_alpha(pixels, must_be_opaque=True))


def read_picture_labels(data: bytes) -> tuple[Pixels, str]:
    """[H, W] values, and the file's format, as `JPEG`.

    Of a palette file the indices are the labels, not the colours; but of a GIF, whose encoders order palettes at
    will, the grey values, where all colours are grey. A colour file is accepted when its channels are equal.
    Raises Undecodable or WrongChannels.
    """
    with _opened(data) as picture:
        picture_format = picture.format or "unknown"
        pixels = _grey_of_gif(picture) if picture_format == "GIF" and picture.mode == "P" else _pixels(picture)
    pixels = _drop_alpha(pixels, must_be_opaque=False)
    if not is_grey(pixels):
        raise WrongChannels(
            "is a colour picture, whose colours are no labels: save the mask as grey or palette PNG, "
            "one integer a structure"
        )
    return pixels[..., 0], picture_format


def is_grey(pixels: Pixels) -> bool:
    """Whether all channels of [H, W, C] are equal."""
    return bool((pixels[..., 1:] == pixels[..., :1]).all())


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    """The decoded picture, upright. Whatever the decoder finds wrong is raised as Undecodable."""
    try:
        with warnings.catch_warnings(), damage_as_undecodable(_DECODER_ERRORS):
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            try:
                picture = Image.open(io.BytesIO(data), formats=FORMATS)
            except UnidentifiedImageError:
                raise Undecodable(f"is no {_IN_WORDS} file, or is damaged: export it again") from None
            if getattr(picture, "n_frames", 1) > 1:
                raise Undecodable("holds several pages or frames: save one picture in each file, or a volume as NIfTI")
            picture.load()
            upright = ImageOps.exif_transpose(picture)
            upright.format = picture.format
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        limit = (Image.MAX_IMAGE_PIXELS or 0) // 10**6
        raise Undecodable(f"has more than {limit} million pixels: crop or shrink it") from None
    yield upright


def _without_palette(picture: Image.Image) -> Image.Image:
    if picture.mode not in ("P", "PA"):
        return picture
    return picture.convert("RGBA" if "transparency" in picture.info or picture.mode == "PA" else "RGB")


def _grey_of_gif(picture: Image.Image) -> Pixels:
    colours: NDArray[np.uint8] = np.asarray(picture.convert("RGB"))
    return colours[..., :1] if is_grey(colours) else _pixels(picture)


def _pixels(picture: Image.Image) -> Pixels:
    """[H, W, C] of any mode."""
    if picture.mode in ("CMYK", "YCbCr", "LAB", "HSV"):
        raise WrongChannels(f"has {picture.mode} colours: save it as RGB or grey")
    pixels: Pixels = np.asarray(picture)
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8)
    if pixels.dtype == np.int32:
        if pixels.min() < 0 or pixels.max() > np.iinfo(np.uint16).max:
            raise Undecodable(f"has values from {pixels.min()} to {pixels.max()}: save it with 8 or 16 bits")
        pixels = pixels.astype(np.uint16)
    pixels = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    return pixels if pixels.ndim == 3 else pixels[..., None]


def _drop_alpha(pixels: Pixels, must_be_opaque: bool) -> Pixels:
    if pixels.shape[2] not in (2, 4):
        return pixels
    if must_be_opaque and (pixels[..., -1] != np.iinfo(pixels.dtype).max).any():
        raise WrongChannels("has transparent pixels, whose colour is undefined: save it without alpha channel")
    return pixels[..., :-1]
