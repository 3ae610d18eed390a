"""Every stored orientation comes to LPS, exactly: each voxel keeps its value and its place in mm."""

import itertools
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from tests.worker.datasets.readers.medical_files import (
    AXIAL,
    CORONAL,
    SAGITTAL,
    ct_series,
    write_nifti,
    write_series,
)
from worker.datasets.readers import LabelMask, WrongGeometry, read_image, read_mask

#: A volume that is no mirror image of itself; RAS, tilted by 10 degrees, no two spacings equal.
VOXELS = np.arange(3 * 4 * 5, dtype=np.int16).reshape(3, 4, 5)
TILT = np.radians(10)
AFFINE = np.array(
    [
        [0.7 * np.cos(TILT), -0.9 * np.sin(TILT), 0, -12.5],
        [0.7 * np.sin(TILT), 0.9 * np.cos(TILT), 0, 40.0],
        [0, 0, 2.5, 7.0],
        [0, 0, 0, 1],
    ]
)
ORIENTATIONS = [
    "".join(letters)
    for axes in itertools.permutations(("LR", "PA", "IS"))
    for letters in itertools.product(*axes)
]  # fmt: skip


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_voxel_lies_at_the_same_place_from_each_of_48_orientations(tmp_path: Path, orientation: str) -> None:
    original = nib.Nifti1Image(VOXELS, AFFINE)
    change = nib.orientations.ornt_transform(
        nib.orientations.io_orientation(AFFINE), nib.orientations.axcodes2ornt(orientation)
    )
    stored = original.as_reoriented(change)
    assert "".join(nib.aff2axcodes(stored.affine)) == orientation
    nib.save(stored, tmp_path / "a.nii.gz")
    image = read_image(tmp_path, "a.nii.gz", 3)
    # RAS [x, y, z] to LPS [z, y, x]: x and y are turned, then the axes are exchanged.
    assert np.array_equal(image.pixels[..., 0], VOXELS[::-1, ::-1].transpose(2, 1, 0))
    assert image.affine is not None
    for x, y, z in itertools.product((0, 2), (0, 3), (0, 4)):
        value = image.pixels[z, y, x, 0]
        (where,) = np.argwhere(value == VOXELS)
        assert image.affine @ [x, y, z, 1] == pytest.approx(AFFINE @ [*where, 1], abs=1e-4)
    assert image.spacing == pytest.approx((2.5, 0.9, 0.7), abs=1e-5)


def test_a_mask_of_another_orientation_lies_on_its_image(tmp_path: Path) -> None:
    write_nifti(tmp_path / "a.nii.gz", VOXELS, AFFINE)
    labels = nib.Nifti1Image((VOXELS % 3).astype(np.uint8), AFFINE)
    nib.save(
        labels.as_reoriented(
            nib.orientations.ornt_transform(
                nib.orientations.io_orientation(AFFINE), nib.orientations.axcodes2ornt("SLA")
            )
        ),
        tmp_path / "m.nii",
    )
    image = read_image(tmp_path, "a.nii.gz", 3)
    mask = read_mask(tmp_path, "m.nii", image)
    assert isinstance(mask, LabelMask)
    assert np.array_equal(mask.labels, image.pixels[..., 0] % 3)


@pytest.mark.parametrize("orientation", [AXIAL, CORONAL, SAGITTAL, (-1, 0, 0, 0, -1, 0), (0.6, 0.8, 0, 0, 0, -1)])
def test_dicom_series_agree_with_itk(tmp_path: Path, orientation: tuple[float, ...]) -> None:
    """ITK reads the same files, and turns them by its own DICOMOrient."""
    voxels = np.random.default_rng(1).integers(0, 2000, (4, 5, 6)).astype(np.uint16)
    write_series(tmp_path / "images/a", ct_series(voxels, orientation))
    image = read_image(tmp_path, "images/a", 3)
    files = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(tmp_path / "images/a"))
    expected = sitk.DICOMOrient(sitk.ReadImage(files), "LPS")
    assert np.array_equal(image.pixels[..., 0], sitk.GetArrayFromImage(expected))
    assert image.pixels.dtype == np.int16
    assert image.spacing == pytest.approx(expected.GetSpacing()[::-1])
    assert image.affine is not None
    for index in ((0, 0, 0), tuple(length - 1 for length in expected.GetSize())):
        x, y, z = expected.TransformIndexToPhysicalPoint(index)
        assert (image.affine @ [*index, 1])[:3] == pytest.approx((-x, -y, z))


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha", ".nhdr", ".mhd"])
def test_the_formats_of_one_volume_give_the_same(tmp_path: Path, suffix: str) -> None:
    """Written by ITK in LPS; only the container differs."""
    volume = sitk.GetImageFromArray(np.random.default_rng(2).integers(-900, 900, (4, 5, 6)).astype(np.int16))
    volume.SetSpacing((0.5, 0.75, 3))
    volume.SetOrigin((10, -20, 5))
    volume.SetDirection((0, 0, 1, 1, 0, 0, 0, -1, 0))
    sitk.WriteImage(volume, tmp_path / f"a{suffix}", useCompression=True)
    expected = sitk.DICOMOrient(volume, "LPS")
    image = read_image(tmp_path, f"a{suffix}", 3)
    assert np.array_equal(image.pixels[..., 0], sitk.GetArrayFromImage(expected))
    assert image.spacing == pytest.approx(expected.GetSpacing()[::-1])
    assert image.affine is not None
    x, y, z = expected.TransformIndexToPhysicalPoint((1, 2, 3))
    assert (image.affine @ [1, 2, 3, 1])[:3] == pytest.approx((-x, -y, z), abs=1e-5)


def test_a_mask_elsewhere_is_refused_with_both_places(tmp_path: Path) -> None:
    write_nifti(tmp_path / "a.nii", VOXELS)
    write_nifti(tmp_path / "near.nii", np.ones(VOXELS.shape, np.uint8), np.diag([1, 1, 1.01, 1]))
    write_nifti(tmp_path / "far.nii", np.ones(VOXELS.shape, np.uint8), np.diag([1, 1, 2.0, 1]))
    image = read_image(tmp_path, "a.nii", 3)
    # 4 steps of 0.01 mm are 0.04 mm, less than 0.1 voxel.
    assert isinstance(read_mask(tmp_path, "near.nii", image), LabelMask)
    with pytest.raises(WrongGeometry, match=r"1 x 1 x 2 mm from .*its image .*1 x 1 x 1 mm .*resample"):
        read_mask(tmp_path, "far.nii", image)


def test_a_mask_of_another_size_is_refused_with_both_sizes(tmp_path: Path) -> None:
    write_nifti(tmp_path / "a.nii", VOXELS)
    write_nifti(tmp_path / "m.nii", np.ones((3, 4, 6), np.uint8))
    with pytest.raises(WrongGeometry, match="has 3 x 4 x 6 voxels, its image 3 x 4 x 5 voxels"):
        read_mask(tmp_path, "m.nii", read_image(tmp_path, "a.nii", 3))


def test_a_mask_without_orientation_takes_that_of_its_image(tmp_path: Path) -> None:
    """Both codes 0: the header says sizes only, as some tools write masks of the same array order."""
    write_nifti(tmp_path / "a.nii", VOXELS, AFFINE)
    bare = nib.Nifti1Image((VOXELS % 3).astype(np.uint8), None)
    bare.header["sform_code"] = bare.header["qform_code"] = 0
    nib.save(bare, tmp_path / "m.nii")
    image = read_image(tmp_path, "a.nii", 3)
    mask = read_mask(tmp_path, "m.nii", image)
    assert isinstance(mask, LabelMask)
    assert np.array_equal(mask.labels, image.pixels[..., 0] % 3)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        # RAS in, one slice: axial rows run to posterior, columns to the left.
        ((3, 4, 1), VOXELS[:3, :4, 0][::-1, ::-1].T),
        # Coronal: superior up, columns to the left.
        ((3, 1, 5), VOXELS[:3, 0, :5][::-1, ::-1].T),
        # Sagittal: superior up, columns to posterior.
        ((1, 4, 5), VOXELS[0, :4, :5][::-1, ::-1].T),
    ],
)
def test_a_volume_with_one_slice_is_an_upright_picture(
    tmp_path: Path, shape: tuple[int, int, int], expected: np.ndarray
) -> None:
    voxels = VOXELS[: shape[0], : shape[1], : shape[2]]
    write_nifti(tmp_path / "a.nii", voxels, np.diag([0.5, 0.6, 0.7, 1]))
    write_nifti(tmp_path / "m.nii", (voxels > 7).astype(np.uint8), np.diag([0.5, 0.6, 0.7, 1]))
    image = read_image(tmp_path, "a.nii", 2)
    assert np.array_equal(image.pixels[..., 0], expected)
    assert image.affine is None
    lengths = [mm for axis, mm in enumerate((0.5, 0.6, 0.7)) if shape[axis] > 1]
    assert image.spacing == pytest.approx(lengths[::-1])
    mask = read_mask(tmp_path, "m.nii", image)
    assert isinstance(mask, LabelMask)
    assert np.array_equal(mask.labels, expected > 7)
