import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from worker.datasets import files
from worker.datasets.files import UnsafeFile, resolve_inside
from worker.datasets.readers import (
    LabelMask,
    Undecodable,
    WrongChannels,
    WrongDimensions,
    WrongGeometry,
    content_sha256,
    names,
    read_image,
    read_mask,
    reading,
)

GREY = np.arange(12, dtype=np.uint8).reshape(3, 4)
COLOUR = np.random.default_rng(0).integers(0, 255, (3, 4, 3), dtype=np.uint8)


def _save(path: Path, pixels: np.ndarray) -> None:
    Image.fromarray(pixels).save(path)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp", ".tiff"])
@pytest.mark.parametrize("pixels", [GREY, COLOUR])
def test_lossless_pictures_keep_their_pixels(tmp_path: Path, suffix: str, pixels: np.ndarray) -> None:
    _save(tmp_path / f"a{suffix}", pixels)
    image = read_image(tmp_path, f"a{suffix}", 2)
    assert np.array_equal(image.pixels, pixels.reshape(3, 4, -1))
    assert (image.spacing, image.affine, image.frame, image.patient) == (None, None, None, None)
    assert image.sha256 == content_sha256(tmp_path, f"a{suffix}")


def test_gif_pictures(tmp_path: Path) -> None:
    _save(tmp_path / "grey.gif", GREY)
    _save(tmp_path / "colour.gif", COLOUR)
    assert np.array_equal(read_image(tmp_path, "grey.gif", 2).pixels[..., 0], GREY)
    assert read_image(tmp_path, "colour.gif", 2).pixels.shape == (3, 4, 3)


@pytest.mark.parametrize("white_first", [False, True])
def test_a_black_and_white_gif_mask_is_read_by_its_colours(tmp_path: Path, white_first: bool) -> None:
    """Encoders order palettes at will: index 0 may be the foreground."""
    inside = GREY > 5
    picture = Image.fromarray((inside ^ white_first).astype(np.uint8), mode="P")
    picture.putpalette([255, 255, 255, 0, 0, 0] if white_first else [0, 0, 0, 255, 255, 255])
    picture.save(tmp_path / "m.gif", optimize=False)
    _save(tmp_path / "a.png", GREY)
    mask = read_mask(tmp_path, "m.gif", read_image(tmp_path, "a.png", 2))
    assert isinstance(mask, LabelMask)
    assert np.array_equal(mask.labels, np.where(inside, 255, 0))
    assert mask.picture_format == "GIF"


def test_a_palette_mask_keeps_its_indices(tmp_path: Path) -> None:
    picture = Image.fromarray(GREY % 3, mode="P")
    picture.putpalette([9, 9, 9, 200, 0, 0, 0, 200, 0])
    picture.save(tmp_path / "m.png")
    _save(tmp_path / "a.png", GREY)
    mask = read_mask(tmp_path, "m.png", read_image(tmp_path, "a.png", 2))
    assert isinstance(mask, LabelMask)
    assert np.array_equal(mask.labels, GREY % 3)


def test_jpeg_masks_say_so(tmp_path: Path) -> None:
    _save(tmp_path / "a.jpg", GREY)
    mask = read_mask(tmp_path, "a.jpg", read_image(tmp_path, "a.jpg", 2))
    assert isinstance(mask, LabelMask)
    assert mask.picture_format == "JPEG"


def test_sixteen_bits_and_floats(tmp_path: Path) -> None:
    _save(tmp_path / "a.png", GREY.astype(np.uint16) * 1000)
    _save(tmp_path / "a.tif", GREY.astype(np.float32) / 12)
    assert read_image(tmp_path, "a.png", 2).pixels.dtype == np.uint16
    assert np.array_equal(read_image(tmp_path, "a.tif", 2).pixels[..., 0], GREY.astype(np.float32) / 12)


def test_exif_orientation_is_applied(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(GREY).save(tmp_path / "a.tif", exif=exif)
    assert np.array_equal(read_image(tmp_path, "a.tif", 2).pixels[..., 0], np.rot90(GREY, -1))


@pytest.mark.parametrize(
    ("alpha", "reason"), [(255, None), (254, "has transparent pixels, whose colour is undefined: save it without")]
)
def test_alpha(tmp_path: Path, alpha: int, reason: str | None) -> None:
    _save(tmp_path / "a.png", np.dstack([COLOUR, np.full((3, 4), alpha, np.uint8)]))
    if reason is None:
        assert np.array_equal(read_image(tmp_path, "a.png", 2).pixels, COLOUR)
    else:
        with pytest.raises(WrongChannels, match=reason):
            read_image(tmp_path, "a.png", 2)


def test_pages_colour_masks_sizes_and_3d_tasks_are_refused(tmp_path: Path) -> None:
    first, second = Image.fromarray(GREY), Image.fromarray(GREY[::-1].copy())
    first.save(tmp_path / "pages.tif", save_all=True, append_images=[second])
    first.save(tmp_path / "frames.gif", save_all=True, append_images=[second])
    _save(tmp_path / "a.png", COLOUR)
    _save(tmp_path / "wide.png", GREY[:2])
    for name in ("pages.tif", "frames.gif"):
        with pytest.raises(Undecodable, match="holds several pages or frames"):
            read_image(tmp_path, name, 2)
    image = read_image(tmp_path, "a.png", 2)
    with pytest.raises(WrongChannels, match="whose colours are no labels"):
        read_mask(tmp_path, "a.png", image)
    with pytest.raises(WrongGeometry, match="has 4 x 2 pixels, its image 4 x 3 pixels"):
        read_mask(tmp_path, "wide.png", image)
    with pytest.raises(WrongDimensions, match="is a picture, but the task is 3D"):
        read_image(tmp_path, "a.png", 3)


def test_nothing_outside_of_the_folder_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    _save(tmp_path / "secret.png", GREY)
    (folder / "a.png").symlink_to(tmp_path / "secret.png")
    for name in ("a.png", "../secret.png", str(tmp_path / "secret.png")):
        with pytest.raises(UnsafeFile, match="leads outside of the data set's folder"):
            read_image(folder, name, 2)
        with pytest.raises(UnsafeFile, match="leads outside"):
            content_sha256(folder, name)
    with pytest.raises(UnsafeFile, match="is not there"):
        read_image(folder, "b.png", 2)


def bmp4(indices: np.ndarray, greys: list[int]) -> bytes:
    """A BMP of 4 bits a pixel with a grey palette."""
    height, width = indices.shape
    pairs = [bytes(row[i] << 4 | row[i + 1] for i in range(0, width, 2)) for row in indices[::-1].tolist()]
    data = b"".join(pair.ljust((width * 4 + 31) // 32 * 4, b"\0") for pair in pairs)
    palette = b"".join(bytes([grey, grey, grey, 0]) for grey in greys)
    start = 54 + len(palette)
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 4, 0, len(data), 0, 0, len(greys), 0)
    return b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + info + palette + data


@pytest.mark.parametrize("greys", [[0, 255], list(range(16))])
def test_a_bmp_of_4_bits_with_a_short_grey_palette(tmp_path: Path, greys: list[int]) -> None:
    indices = (GREY % len(greys)).astype(np.uint8)
    (tmp_path / "a.bmp").write_bytes(bmp4(indices, greys))
    assert np.array_equal(read_image(tmp_path, "a.bmp", 2).pixels[..., 0], np.array(greys)[indices])


def test_a_pictures_path_is_followed_to_read_it_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a small picture, following its path takes longer than decoding it."""
    _save(tmp_path / "a.png", COLOUR)
    followed = []

    def counted(folder: Path, relative: str) -> Path:
        followed.append(relative)
        return resolve_inside(folder, relative)

    for module in (files, names, reading):
        monkeypatch.setattr(module, "resolve_inside", counted)
    read_image(tmp_path, "a.png", 2)
    assert followed == ["a.png"]
