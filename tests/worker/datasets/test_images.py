"""What the decoders make of each kind of file."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.worker.datasets.fundus_folder import make_image, make_mask
from worker.datasets.images import Undecodable, WrongChannels, decode_image, decode_mask


def encode(picture: Image.Image, picture_format: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, format=picture_format, **options)
    return file.getvalue()


@pytest.mark.parametrize("picture_format", ["PNG", "TIFF", "BMP"])
def test_colour_is_kept_exactly(picture_format: str) -> None:
    image = decode_image(encode(Image.fromarray(make_image(0)), picture_format), 3)
    np.testing.assert_array_equal(image, make_image(0))


def test_jpeg_is_read() -> None:
    flat = np.full((16, 16, 3), (200, 100, 50), dtype=np.uint8)
    image = decode_image(encode(Image.fromarray(flat), "JPEG", quality=95), 3)
    assert np.abs(image.astype(int) - flat).max() <= 3


def test_an_opaque_alpha_channel_is_dropped() -> None:
    image = decode_image(encode(Image.fromarray(make_image(0)).convert("RGBA")), 3)
    np.testing.assert_array_equal(image, make_image(0))


def test_a_palette_becomes_colours_in_an_image_and_labels_in_a_mask() -> None:
    picture = Image.fromarray(make_mask()).convert("P")
    picture.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    image = decode_image(encode(picture), 3)
    np.testing.assert_array_equal(image[10, 12], [70, 80, 90])
    mask, picture_format = decode_mask(encode(picture))
    np.testing.assert_array_equal(mask, make_mask())
    assert picture_format == "PNG"


@pytest.mark.parametrize("picture_format", ["PNG", "TIFF"])
def test_16_bit_grey(picture_format: str) -> None:
    values = np.array([[0, 1], [40000, 65535]], dtype=np.uint16)
    image = decode_image(encode(Image.fromarray(values), picture_format), 1)
    assert image.dtype == np.uint16
    np.testing.assert_array_equal(image[..., 0], values)
    np.testing.assert_array_equal(decode_mask(encode(Image.fromarray(values), picture_format))[0], values)


def test_equal_channels_count_as_grey() -> None:
    grey = make_image(0)[..., 0]
    data = encode(Image.merge("RGB", [Image.fromarray(grey)] * 3))
    np.testing.assert_array_equal(decode_image(data, 1)[..., 0], grey)
    np.testing.assert_array_equal(decode_mask(data)[0], grey)


def test_different_channels_are_no_grey() -> None:
    with pytest.raises(WrongChannels, match=r"has 3 channel\(s\).*grey \(1 channel\)"):
        decode_image(encode(Image.fromarray(make_image(0))), 1)


def test_grey_is_never_repeated_to_colour() -> None:
    with pytest.raises(WrongChannels, match=r"has 1 channel\(s\).*colour \(3 channels\)"):
        decode_image(encode(Image.fromarray(make_image(0)[..., 0])), 3)


def test_one_bit_masks() -> None:
    mask, _ = decode_mask(encode(Image.fromarray(make_mask() > 0)))
    np.testing.assert_array_equal(mask, make_mask() > 0)


def test_floating_point_images_lie_between_0_and_1() -> None:
    values = np.array([[0.0, 0.25], [0.5, 1.0]], dtype=np.float32)
    np.testing.assert_array_equal(decode_image(encode(Image.fromarray(values), "TIFF"), 1)[..., 0], values)
    for bad in (values * 2, values * np.float32(np.nan)):
        with pytest.raises(Undecodable, match="beyond 0 to 1"):
            decode_image(encode(Image.fromarray(bad), "TIFF"), 1)


def test_an_exif_orientation_is_followed() -> None:
    """Orientation 6: the camera was turned, so the stored picture is shown turned clockwise by 90 degrees."""
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encode(Image.fromarray(make_image(0)), exif=exif.tobytes())
    np.testing.assert_array_equal(decode_image(data, 3), np.rot90(make_image(0), k=-1))


def test_no_bytes_at_all() -> None:
    with pytest.raises(Undecodable):
        decode_image(b"", 3)
