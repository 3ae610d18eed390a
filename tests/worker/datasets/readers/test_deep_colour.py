"""Colour of 16 bits a channel keeps all of them, or is refused; never the high byte alone."""

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
from PIL import Image

from worker.datasets.readers import LabelMask, Undecodable, WrongChannels, read_image, read_mask

sitk: Any = SimpleITK
COLOUR = np.random.default_rng(0).integers(0, 4096, (5, 7, 3), dtype=np.uint16)


def save_deep(path: Path, pixels: np.ndarray, compress: bool = False) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(pixels, isVector=True), str(path), useCompression=compress)


def png16(pixels: np.ndarray, colour_type: int, exif_orientation: int | None = None) -> bytes:
    """A PNG of 16 bits a channel, as ISO/IEC 15948 describes it; orientation in an eXIf chunk."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width = pixels.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    chunks = [chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0))]
    if exif_orientation is not None:
        exif = b"MM\0\x2a\0\0\0\x08\0\x01" + struct.pack(">HHIHH", 0x0112, 3, 1, exif_orientation, 0) + b"\0\0\0\0"
        chunks.append(chunk(b"eXIf", exif))
    chunks += [chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bit_colour_keeps_its_values(tmp_path: Path, suffix: str, compress: bool) -> None:
    save_deep(tmp_path / f"a{suffix}", COLOUR, compress)
    image = read_image(tmp_path, f"a{suffix}", 2)
    assert image.pixels.dtype == np.uint16
    assert np.array_equal(image.pixels, COLOUR)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_a_sixteen_bit_mask_with_equal_channels_keeps_its_labels(tmp_path: Path, suffix: str) -> None:
    labels = (COLOUR[..., 0] % 3).astype(np.uint16)
    save_deep(tmp_path / f"m{suffix}", np.repeat(labels[..., None], 3, axis=2))
    save_deep(tmp_path / "a.png", COLOUR)
    mask = read_mask(tmp_path, f"m{suffix}", read_image(tmp_path, "a.png", 2))
    assert isinstance(mask, LabelMask)
    assert np.array_equal(mask.labels, labels)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bit_colour_with_alpha(tmp_path: Path, suffix: str) -> None:
    opaque = np.dstack([COLOUR, np.full(COLOUR.shape[:2], 65535, np.uint16)])
    save_deep(tmp_path / f"a{suffix}", opaque)
    assert np.array_equal(read_image(tmp_path, f"a{suffix}", 2).pixels, COLOUR)
    opaque[0, 0, 3] = 65534
    save_deep(tmp_path / f"b{suffix}", opaque)
    with pytest.raises(WrongChannels, match="transparent pixels"):
        read_image(tmp_path, f"b{suffix}", 2)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_exif_orientation_turns_sixteen_bits_as_it_turns_eight(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray((COLOUR >> 4).astype(np.uint8)).save(tmp_path / "eight.png", exif=exif)
    (tmp_path / "deep.png").write_bytes(png16(COLOUR, 2, orientation))
    eight, deep = read_image(tmp_path, "eight.png", 2), read_image(tmp_path, "deep.png", 2)
    assert np.array_equal((deep.pixels >> 4).astype(np.uint8), eight.pixels)
    assert deep.turn == eight.turn == orientation


def test_grey_with_alpha_of_sixteen_bits_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png16(COLOUR[..., :2], 4))
    with pytest.raises(Undecodable, match="save it without alpha channel"):
        read_image(tmp_path, "a.png", 2)


def tiff16(
    pixels: np.ndarray, orientation: int = 1, photometric: int = 2, planar: bool = False, says_bits_once: bool = False
) -> bytes:
    """An uncompressed little-endian TIFF of 16 bits a sample. says_bits_once: one number of bits for all samples."""
    height, width, count = pixels.shape
    data = (np.moveaxis(pixels, 2, 0) if planar else pixels).astype("<u2").tobytes()
    strips = count if planar else 1
    tables = 8 + 2 + 11 * 12 + 4
    offsets = tables + 2 * count
    start = offsets + 8 * strips
    bits = (258, 3, 1, 16) if says_bits_once else (258, 3, count, tables if count > 2 else 16)
    entries = [
        (256, 4, 1, width), (257, 4, 1, height), bits, (259, 3, 1, 1),
        (262, 3, 1, photometric), (273, 4, strips, offsets if planar else start), (274, 3, 1, orientation),
        (277, 3, 1, count), (278, 4, 1, height),
        (279, 4, strips, offsets + 4 * strips if planar else len(data)), (284, 3, 1, 2 if planar else 1),
    ]  # fmt: skip
    out = b"II" + struct.pack("<HIH", 42, 8, len(entries))
    out += b"".join(struct.pack("<HHII", *entry) for entry in entries) + struct.pack("<I", 0)
    size = len(data) // strips
    places = [start + strip * size for strip in range(strips)] + [size] * strips
    return out + struct.pack(f"<{count}H", *[16] * count) + struct.pack(f"<{2 * strips}I", *places) + data


def test_tiffs_that_nobody_reads_with_sixteen_bits_are_refused(tmp_path: Path) -> None:
    (tmp_path / "plain.tif").write_bytes(tiff16(COLOUR))
    assert np.array_equal(read_image(tmp_path, "plain.tif", 2).pixels, COLOUR)
    for name, content in {"turned": tiff16(COLOUR, orientation=6), "planes": tiff16(COLOUR, planar=True)}.items():
        (tmp_path / f"{name}.tif").write_bytes(content)
        with pytest.raises(Undecodable, match="as PNG"):
            read_image(tmp_path, f"{name}.tif", 2)


@pytest.mark.parametrize("count", [3, 4])
def test_one_number_of_bits_is_that_of_all_samples(tmp_path: Path, count: int) -> None:
    """Of a mask of 0 and 1 the high bytes are all 0."""
    labels = (COLOUR[..., 0] % 2).astype(np.uint16)
    pixels = np.repeat(labels[..., None], 3, axis=2)
    if count == 4:
        pixels = np.dstack([pixels, np.full(labels.shape, 65535, np.uint16)])
    (tmp_path / "m.tif").write_bytes(tiff16(pixels, says_bits_once=True))
    mask = read_mask(tmp_path, "m.tif", read_image(tmp_path, "m.tif", 2))
    assert isinstance(mask, LabelMask)
    assert np.array_equal(mask.labels, labels)


def test_a_grey_tiff_whose_white_is_zero_is_shown_as_it_is_seen(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(tiff16(COLOUR[..., :1], photometric=0))
    assert np.array_equal(read_image(tmp_path, "a.tif", 2).pixels, 65535 - COLOUR[..., :1])
