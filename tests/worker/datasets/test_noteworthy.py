"""Warnings about what is legal in a file and still rarely meant: in every format, and never about ordinary cases."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from PIL import Image

from backend.contracts.datasets import CheckedCase, SplitFractions
from backend.contracts.task_definition import SegmentationTask, Structure
from tests.worker.datasets.readers.medical_files import ct_series, save, write_nifti, write_series
from worker.datasets.folder import check_folder
from worker.datasets.noteworthy import about_slices, about_values

LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
SHAPE = (6, 8, 10)
BLOCK = np.zeros(SHAPE, np.uint8)
BLOCK[1:4, 2:6, 3:7] = 1
NOISE = np.random.default_rng(0).integers(0, 1000, SHAPE).astype(np.int16)
FLAT = np.full(SHAPE, 7, np.int16)


def _checked(folder: Path, dimensions: int, channels: int = 1) -> CheckedCase:
    task = SegmentationTask(
        modality="CT",
        dimensions=dimensions,
        num_channels=channels,
        structures=(Structure(name="block", label_values=(1,)),),
    )
    (case,) = check_folder(folder, task, SplitFractions(), seed=0).cases
    return case


def _codes(case: CheckedCase) -> list[str]:
    assert case.reason_code is None, case.reason
    return [warning.code for warning in case.warnings]


def _volume_in(folder: Path, suffix: str, voxels: np.ndarray) -> None:
    (folder / "images").mkdir(parents=True)
    path = folder / "images" / f"a{suffix}"
    if suffix.startswith(".nii"):
        write_nifti(path, voxels.transpose(2, 1, 0), LPS)
    elif suffix == "":
        write_series(path, ct_series(voxels.astype(np.uint16), PixelSpacing=[1, 1], spacing=1.0))
    else:
        image = sitk.GetImageFromArray(voxels)
        sitk.WriteImage(image, path)
    mask = sitk.GetImageFromArray(BLOCK)
    if suffix == "":
        mask.SetOrigin((-10, -20, 30))
    (folder / "masks").mkdir()
    sitk.WriteImage(mask, folder / "masks" / "a.nrrd")


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd", ""])
def test_a_volume_of_a_single_value_is_warned_of_in_every_format(tmp_path: Path, suffix: str) -> None:
    _volume_in(tmp_path / "flat", suffix, FLAT)
    _volume_in(tmp_path / "noise", suffix, NOISE)
    case = _checked(tmp_path / "flat", 3)
    assert _codes(case) == ["constant_image"]
    assert case.warnings[0].message.startswith(f"images/a{suffix} holds a single value (")
    assert _codes(_checked(tmp_path / "noise", 3)) == []


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".bmp", ".gif", ".npy", ".npz", ".dcm"])
@pytest.mark.parametrize("is_colour", [False, True])
def test_a_picture_of_a_single_value_is_warned_of_in_every_format(tmp_path: Path, suffix: str, is_colour: bool) -> None:
    if is_colour and suffix in (".gif", ".dcm"):
        pytest.skip("grey is what these are written as here")
    for name, pixels in (("flat", np.full((8, 10), 200, np.uint8)), ("noise", (NOISE[0] % 256).astype(np.uint8))):
        folder = tmp_path / name
        (folder / "images").mkdir(parents=True)
        (folder / "masks").mkdir()
        path = folder / "images" / f"a{suffix}"
        if is_colour:
            pixels = np.stack([pixels, pixels // 2, 255 - pixels], axis=-1)
        if suffix == ".npy":
            np.save(path, pixels)
        elif suffix == ".npz":
            np.savez(path, pixels)
        elif suffix == ".dcm":
            save(ct_series(pixels[None], PixelSpacing=[1, 1])[0], path)
        else:
            Image.fromarray(pixels).save(path)
        Image.fromarray(BLOCK[1]).save(folder / "masks" / "a.png")
    channels = 3 if is_colour else 1
    assert _codes(_checked(tmp_path / "flat", 2, channels)) == ["constant_image"]
    assert _codes(_checked(tmp_path / "noise", 2, channels)) == []


def test_one_pixel_that_differs_is_enough_wherever_it_lies() -> None:
    for place in (0, 1, 4999, 9999):
        pixels = np.full((100, 100, 1), 7, np.uint8)
        assert len(about_values(pixels)) == 1
        pixels.reshape(-1)[place] = 8
        assert about_values(pixels) == []


def test_one_constant_channel_of_several_is_named() -> None:
    pixels = np.stack([NOISE, FLAT, NOISE], axis=-1)
    (note,) = about_values(pixels)
    assert note.code == "constant_image"
    assert note.text.startswith("holds a single value (7) in channel 1:")


def _sliced(numbers: list[int], axis: int = 0) -> np.ndarray:
    """[1, D, H, W]: a block on the given slices along an axis."""
    plane = np.zeros((20, 20, 20), bool)
    plane[numbers, 5:12, 6:14] = True
    return np.moveaxis(plane, 0, axis)[None]


@pytest.mark.parametrize(
    ("numbers", "count"),
    [
        ([2, 4, 6, 8, 10], 1),
        ([2, 5, 8, 11], 2),
        ([2, 4, 6, 7, 9, 11], 1),
        ([3, 5], 1),
        ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16], 1),
    ],
)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_structure_on_every_second_slice_is_warned_of(numbers: list[int], count: int, axis: int) -> None:
    (note,) = about_slices(_sliced(numbers, axis), ["gland"])
    between = "1 empty slice" if count == 1 else f"{count} empty slices"
    assert note.code == "empty_slices"
    assert f"outlines gland with {between} between the {('axial', 'coronal', 'sagittal')[axis]} slices" in note.text


@pytest.mark.parametrize("numbers", [[], [4], [2, 3, 4, 5], [2, 3, 4, 10, 11, 12], [2, 3, 4, 6, 7, 8], [1, 15]])
def test_whole_structures_and_two_separate_parts_are_not(numbers: list[int]) -> None:
    assert about_slices(_sliced(numbers), ["gland"]) == []


def test_scattered_spots_are_not() -> None:
    plane = np.zeros((20, 20, 20), bool)
    for place in (2, 5, 8, 11):
        plane[place, place, place] = True
    assert about_slices(plane[None], ["lesions"]) == []


def test_the_empty_slices_of_a_label_mask_are_warned_of_with_its_path(tmp_path: Path) -> None:
    _volume_in(tmp_path, ".nrrd", NOISE)
    sparse = np.zeros(SHAPE, np.uint8)
    sparse[[0, 2, 4], 2:6, 3:7] = 1
    sitk.WriteImage(sitk.GetImageFromArray(sparse), tmp_path / "masks" / "a.nrrd")
    case = _checked(tmp_path, 3)
    assert _codes(case) == ["empty_slices"]
    assert case.warnings[0].message.startswith("masks/a.nrrd outlines block with 1 empty slice between the axial")


def test_nifti_pairs_are_warned_of_as_well(tmp_path: Path) -> None:
    _volume_in(tmp_path, ".nii", FLAT)
    (tmp_path / "images" / "a.nii").unlink()
    nib.save(nib.Nifti1Pair(FLAT.transpose(2, 1, 0), LPS), tmp_path / "images" / "a.hdr")
    assert _codes(_checked(tmp_path, 3)) == ["constant_image"]


def test_many_structures_make_one_warning() -> None:
    plane = _sliced([2, 4, 6, 8])[0]
    (note,) = about_slices(np.stack([plane] * 40), [f"part {number}" for number in range(40)])
    assert "outlines part 0, part 1, part 2, part 3, part 4, part 5, part 6, part 7 and 32 more with" in note.text
