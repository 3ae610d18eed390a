"""PNG, JPEG, TIFF, BMP and GIF with Pillow; 16-bit colour by `deep_colour`.

Legend of shapes: H rows, W columns, C channels.
"""

import io
import struct
import warnings
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from PIL import BmpImagePlugin, Image, ImageOps, ImagePalette, UnidentifiedImageError

from worker.datasets.readers.deep_colour import is_deep_colour, read_deep_colour
from worker.datasets.readers.errors import Undecodable, WrongChannels, damage_as_undecodable
from worker.datasets.readers.model import Pixels

#: The formats that Pillow may try; the others are not needed, and some of them start programs.
FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF")
_IN_WORDS = "PNG, JPEG, TIFF, BMP or GIF"
_PALETTE_MODES = ("P", "PA")
_EXIF_ORIENTATION, _PHOTOMETRIC = 0x0112, 262

#: The errors that Pillow's decoders raise on damaged files.
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


@dataclass(frozen=True, eq=False)
class PictureLabels:
    """The labels of a picture.

    values: [H, W].
    picture_format: such as `JPEG`.
    palette: colours (red, green, blue) by the indices that the picture uses; None for files without a palette.
    is_black_and_white: the picture shows these two only, and no value says more.
    turn: the file's EXIF orientation, which was applied; 1 where there is none.
    """

    values: Pixels
    picture_format: str
    palette: Mapping[int, tuple[int, int, int]] | None
    is_black_and_white: bool
    turn: int


@dataclass(frozen=True, eq=False)
class _Opened:
    """pixels: [H, W, C], turned; of palette files the indices. picture: for its mode, format and palette."""

    pixels: Pixels
    picture: Image.Image
    turn: int


def read_picture(data: bytes) -> tuple[Pixels, int]:
    """[H, W, 1] or [H, W, 3], turned as its EXIF orientation says, and that orientation (1: no turn).

    8-bit files give uint8; 16-bit ones, grey or colour, give uint16; floating-point TIFF gives float32. Palettes become
    colours, or grey where all their colours are grey. An opaque alpha channel is dropped. Raises Undecodable or
    WrongChannels.
    """
    opened = _opened(data)
    pixels = opened.pixels
    if opened.picture.mode in _PALETTE_MODES:
        pixels = np.asarray(_without_palette(opened.picture))
        if is_grey(pixels[..., :3]):
            pixels = pixels[..., [0, *range(3, pixels.shape[2])]]
    return np.ascontiguousarray(_drop_alpha(pixels, must_be_opaque=True)), opened.turn


def read_picture_labels(data: bytes) -> PictureLabels:
    """The labels of a picture. Raises Undecodable or WrongChannels.

    Of a palette file whose used colours are all grey, the values are the grey values that it shows; of another palette
    file they are the indices. A colour file is accepted where its channels are equal.
    """
    opened = _opened(data)
    pixels = _drop_alpha(opened.pixels, must_be_opaque=False)
    palette = _used_palette(opened.picture, pixels) if opened.picture.mode in _PALETTE_MODES else None
    if palette is not None and all(len(set(colour)) == 1 for colour in palette.values()):
        shown = np.zeros(256, dtype=np.uint8)
        shown[list(palette)] = [colour[0] for colour in palette.values()]
        pixels = shown[pixels]
    if not is_grey(pixels):
        raise WrongChannels(
            "is a colour picture, whose colours are no labels: save the mask as grey or palette PNG, "
            "one integer a structure"
        )
    two = {(0, 0, 0), (255, 255, 255)}
    is_black_and_white = opened.picture.mode == "1" or (palette is not None and set(palette.values()) <= two)
    picture_format = opened.picture.format or "unknown"
    return PictureLabels(pixels[..., 0], picture_format, palette, is_black_and_white, opened.turn)


def is_grey(pixels: Pixels) -> bool:
    """Whether all channels of [H, W, C] are equal."""
    return bool((pixels[..., 1:] == pixels[..., :1]).all())


def _opened(data: bytes) -> _Opened:
    """The picture, decoded and upright. Whatever the decoder finds wrong is raised as Undecodable."""
    try:
        with warnings.catch_warnings(), damage_as_undecodable(_DECODER_ERRORS):
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            try:
                picture = Image.open(io.BytesIO(data), formats=FORMATS)
            except UnidentifiedImageError:
                raise Undecodable(f"is no {_IN_WORDS} file, or is damaged: export it again") from None
            if _has_second_page(picture):
                raise Undecodable("holds several pages or frames: save one picture in each file, or a volume as NIfTI")
            _mend_small_bmp(picture, data)
            return _decoded(picture, data)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        limit = (Image.MAX_IMAGE_PIXELS or 0) // 10**6
        raise Undecodable(f"has more than {limit} million pixels: crop or shrink it") from None


def _decoded(picture: Image.Image, data: bytes) -> _Opened:
    # Pillow forgets the orientation of a TIFF when it decodes; in a PNG the orientation may come after the pixels.
    turn = _orientation(picture) if picture.format == "TIFF" else 1
    white_is_zero = picture.format == "TIFF" and getattr(picture, "tag_v2", {}).get(_PHOTOMETRIC) == 0
    if is_deep_colour(picture, data) and picture.mode in ("RGB", "RGBA"):
        if picture.format != "TIFF":
            picture.load()
            turn = _orientation(picture)
        return _Opened(read_deep_colour(picture, data, turn)[..., : len(picture.getbands())], picture, turn)
    picture.load()
    turn = turn if picture.format == "TIFF" else _orientation(picture)
    turned = ImageOps.exif_transpose(picture)
    turned.format = picture.format
    pixels = _pixels(turned)
    if white_is_zero and pixels.dtype == np.uint16:  # Pillow inverts those of 8 bits and less
        pixels = np.iinfo(np.uint16).max - pixels
    return _Opened(pixels, turned, turn)


def _mend_small_bmp(picture: Image.Image, data: bytes) -> None:
    """Pillow takes a BMP of 4 or 8 bits a pixel, whose short palette is grey, for one of 1 or 8 bits."""
    bits = int.from_bytes(data[28:30], "little")
    if not isinstance(picture, BmpImagePlugin.BmpImageFile):
        return
    if (picture.mode, bits) not in (("1", 4), ("1", 8), ("L", 4)):
        return
    greys = (0, 255) if picture.mode == "1" else range(16)
    layout = "P;4" if bits == 4 else "P"
    picture.tile = [
        tile._replace(args=(layout, *tile.args[1:])) for tile in picture.tile if isinstance(tile.args, tuple)
    ]
    picture.palette = ImagePalette.raw("RGB", bytes(grey for grey in greys for _ in range(3)))
    picture._mode = "P"


def _orientation(picture: Image.Image) -> int:
    found = picture.getexif().get(_EXIF_ORIENTATION, 1)
    return found if found in range(1, 9) else 1


def _has_second_page(picture: Image.Image) -> bool:
    """Whether there is a second page. Only that is asked, because counting all pages of a malicious file takes
    hours."""
    if picture.format not in ("TIFF", "GIF", "PNG"):
        return False
    try:
        picture.seek(1)
    except EOFError:
        return False
    return True


def _without_palette(picture: Image.Image) -> Image.Image:
    return picture.convert("RGBA" if "transparency" in picture.info or picture.mode == "PA" else "RGB")


def _used_palette(picture: Image.Image, indices: Pixels) -> dict[int, tuple[int, int, int]]:
    colours = picture.getpalette("RGB") or []
    used = [int(index) for index in np.flatnonzero(np.bincount(indices.ravel()))]
    if used[-1] * 3 + 2 >= len(colours):
        raise Undecodable(f"has a palette without a colour for its value {used[-1]}: save the mask as grey PNG")
    return {index: (colours[3 * index], colours[3 * index + 1], colours[3 * index + 2]) for index in used}


def _pixels(picture: Image.Image) -> Pixels:
    """[H, W, C] of a picture in any mode."""
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
