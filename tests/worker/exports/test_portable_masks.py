"""The masks that exported models write are the platform's files, down to the header."""

import gzip
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from worker.datasets.mask_files import mask_file
from worker.datasets.readers import read_image
from worker.exports.portable import portable

VOXELS = np.random.default_rng(0).integers(0, 900, (5, 6, 7)).astype(np.int16)
LEVEL = 400
OBLIQUE = np.array([[0.1, -0.5, 0.2, 9], [0.8, 0.05, -0.1, -8], [0.05, 0.1, 2, 7], [0, 0, 0, 1.0]])
PREPARATION = {"dimensions": 3, "num_channels": 1}


def image_of(kind: Any, endian: str, unit: str, intent: str) -> Any:
    """Both transforms, which differ, with their codes; units of space and time; the axes of the scan; an intent."""
    image = kind(VOXELS, np.eye(4), kind.header_class(endianness=endian))
    image.set_qform(np.diag([-0.5, 0.75, 2.0, 1.0]), 1)
    image.set_sform(OBLIQUE, 4)
    image.header.set_xyzt_units(unit, "sec")
    image.header.set_dim_info(freq=1, phase=0, slice=2)
    image.header.set_intent(intent, (), name="T2 map")
    return image


@pytest.mark.parametrize("intent", ["estimate", "vector"])
@pytest.mark.parametrize("unit", ["mm", "micron", "meter"])
@pytest.mark.parametrize("endian", ["<", ">"])
@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
def test_a_nifti_mask_and_the_spacing_are_the_platforms(
    tmp_path: Path, kind: Any, endian: str, unit: str, intent: str
) -> None:
    nib.save(image_of(kind, endian, unit, intent), tmp_path / "a.nii.gz")
    here = read_image(tmp_path, "a.nii.gz", 3)
    content, _ = mask_file(here.pixels[..., 0] > LEVEL, here.frame)

    pixels, spacing, place = portable.read_image(tmp_path / "a.nii.gz", PREPARATION)
    (written,) = portable.write_masks([pixels[..., 0] > LEVEL], place, tmp_path / "masks", "a", ["disc"])

    assert gzip.decompress(written.read_bytes()) == gzip.decompress(content)
    assert spacing == pytest.approx(here.spacing)
    assert np.array_equal(np.asarray(nib.load(written).dataobj) > 0, VOXELS > LEVEL)


def test_an_image_of_another_format_gives_its_affine(tmp_path: Path) -> None:
    nib.save(nib.MGHImage(VOXELS, OBLIQUE), tmp_path / "a.mgz")
    pixels, _, place = portable.read_image(tmp_path / "a.mgz", PREPARATION)
    (written,) = portable.write_masks([pixels[..., 0] > LEVEL], place, tmp_path / "masks", "a", ["disc"])
    mask = nib.load(written)
    assert mask.affine == pytest.approx(OBLIQUE, abs=1e-5)
    assert np.array_equal(np.asarray(mask.dataobj) > 0, VOXELS > LEVEL)
