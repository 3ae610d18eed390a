"""Files for the viewer: orientation, bits, repeatable bytes."""

import gzip
import io

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from worker.datasets.intensity import to_8_bit
from worker.datasets.viewer_files import OUTLINE_COLORS, image_nifti, mask_nifti, thumbnail_jpeg

HEIGHT, WIDTH = 5, 7


def numbered(channels: int) -> np.ndarray:
    """Every pixel differs: row r, column c, channel k is 50 k + 7 r + c."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return np.stack([50 * k + 7 * rows + columns for k in range(channels)], axis=-1).astype(np.uint8)


def read(data: bytes) -> nib.Nifti1Image:
    return nib.Nifti1Image.from_bytes(gzip.decompress(data))


def test_rgb_is_datatype_128() -> None:
    header = read(image_nifti(numbered(3))).header
    assert int(header["datatype"]) == 128
    assert header.get_data_shape() == (WIDTH, HEIGHT, 1)


def test_the_photograph_stands_upright_in_ras() -> None:
    """Right of the picture is +x (right), its top is +y (anterior): identity affine, last row first."""
    volume = read(image_nifti(numbered(3)))
    assert nib.aff2axcodes(volume.affine) == ("R", "A", "S")
    voxels = np.asarray(volume.dataobj)
    for row, column in [(0, 0), (0, WIDTH - 1), (HEIGHT - 1, 0), (2, 3)]:
        assert tuple(voxels[column, HEIGHT - 1 - row, 0]) == tuple(numbered(3)[row, column])


def test_masks_lie_on_their_image() -> None:
    """A mask that marks the image's pixel of row 1, column 2 has its voxel where the image has that pixel's colour."""
    plane = np.zeros((1, HEIGHT, WIDTH), dtype=bool)
    plane[0, 1, 2] = True
    (voxel,) = np.argwhere(np.asarray(read(mask_nifti(plane)).dataobj))
    image = np.asarray(read(image_nifti(numbered(3))).dataobj)
    assert tuple(image[tuple(voxel)]) == tuple(numbered(3)[1, 2])


def test_grey_keeps_its_16_bits() -> None:
    grey = numbered(1).astype(np.uint16) * 1000
    volume = read(image_nifti(grey))
    assert volume.get_data_dtype() == np.uint16
    np.testing.assert_array_equal(np.asarray(volume.dataobj)[:, ::-1, 0].T, grey[..., 0])


@pytest.mark.parametrize(("num_structures", "dtype"), [(2, np.uint8), (8, np.uint8), (9, np.uint16), (32, np.uint32)])
def test_each_structure_has_its_bit(num_structures: int, dtype: type) -> None:
    """Pixel s of the first row holds the structures s and 0: 2**s + 1, and 1 where s is 0."""
    structures = np.zeros((num_structures, 2, num_structures), dtype=bool)
    structures[np.arange(num_structures), 0, np.arange(num_structures)] = True
    structures[0, 0] = True
    volume = read(mask_nifti(structures))
    assert volume.get_data_dtype() == dtype
    row = np.asarray(volume.dataobj)[:, 1, 0]
    assert [int(value) for value in row] == [1, *(2**s + 1 for s in range(1, num_structures))]


def test_more_structures_than_bits_are_refused() -> None:
    with pytest.raises(ValueError, match="33 do not fit in 32 bits"):
        mask_nifti(np.zeros((33, 2, 2), dtype=bool))


def test_equal_input_gives_equal_bytes() -> None:
    structures = np.stack([numbered(1)[..., 0] > 10, numbered(1)[..., 0] > 20])
    for make in (
        lambda: image_nifti(numbered(3)),
        lambda: mask_nifti(structures),
        lambda: thumbnail_jpeg(numbered(3), structures),
    ):
        assert make() == make()
    assert image_nifti(numbered(3))[4:8] == bytes(4)  # gzip's time stamp


def test_a_thumbnail_is_small_and_outlines_the_structures() -> None:
    """600 x 300 grey becomes 256 x 128; a square from column 150 to 450 is outlined at column 64, its middle is not."""
    image = np.full((300, 600, 3), 128, dtype=np.uint8)
    structures = np.zeros((1, 300, 600), dtype=bool)
    structures[0, 75:225, 150:450] = True
    thumbnail = Image.open(io.BytesIO(thumbnail_jpeg(image, structures)))
    assert (thumbnail.format, thumbnail.size) == ("JPEG", (256, 128))
    pixels = np.asarray(thumbnail).astype(int)
    red, _, blue = pixels[64, 64]
    assert blue - red > 60, f"expected something like {OUTLINE_COLORS[0]}"
    assert np.abs(pixels[64, 128] - 128).max() <= 4


def test_a_grey_thumbnail_of_16_bits() -> None:
    image = np.full((40, 40, 1), 30000, dtype=np.uint16)
    pixels = np.asarray(Image.open(io.BytesIO(thumbnail_jpeg(image, np.zeros((1, 40, 40), dtype=bool)))))
    assert pixels.shape == (40, 40, 3)
    assert np.abs(pixels.astype(int) - 117).max() <= 2  # 30000 * 255 / 65535 = 116.7


def test_8_bits() -> None:
    np.testing.assert_array_equal(
        to_8_bit(np.array([[[0], [257], [65535]]], dtype=np.uint16), None)[0, :, 0], [0, 1, 255]
    )
    np.testing.assert_array_equal(
        to_8_bit(np.array([[[0], [0.5], [1]]], dtype=np.float32), None)[0, :, 0], [0, 128, 255]
    )
