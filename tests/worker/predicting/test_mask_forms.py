"""Masks in the forms that other programs open, read back by the libraries of the field."""

import io
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813
import slicerio

from backend.contracts.tasks import RunSpec
from tests.worker.datasets.readers.medical_files import AXIAL, CORONAL, ct_slice, write_nifti
from tests.worker.predicting.conftest import AFFINE
from tests.worker.predicting.trained import TrainedSet
from worker.datasets.readers import NamedMask, read_mask
from worker.predicting.mask_forms import files_of_masks, own_form
from worker.predicting.own_image import OwnImage, read_own_file

NAMES = ("prostate", "core")
OBLIQUE = (0.8, 0.6, 0, -0.6, 0.8, 0)


@pytest.fixture(scope="module")
def run(volumes: TrainedSet) -> RunSpec:
    return volumes.run


def written(path: Path, form: str, mask: np.ndarray, run: RunSpec, image: OwnImage) -> bytes:
    ((_, content),) = files_of_masks(form, mask, run, image, path, "fedsm, global")  # type: ignore[arg-type]
    return content


def blocks(shape: tuple[int, ...], overlap: bool) -> np.ndarray:
    mask = np.zeros((2, *shape), dtype=bool)
    mask[0, 1:4, 2:9, 3:8] = True
    mask[1, 2:4, 4:7, 5:7] = True
    if not overlap:
        mask[0] &= ~mask[1]
    return mask


def write_series(folder: Path, orientation: tuple[float, ...], num_slices: int = 6, tilt: float = 0.0) -> Path:
    """Names that do not tell the order, from head to foot."""
    folder.mkdir()
    right, down = np.reshape(orientation, (2, 3))
    normal = np.cross(right, down)
    draws = np.random.default_rng(0)
    for index in range(num_slices):
        position = np.array([5.0, -7.0, 11.0]) + 3.0 * index * normal + tilt * index * down
        pixels = draws.integers(0, 900, size=(14, 12)).astype(np.int16)
        dataset = ct_slice(pixels, position, ImageOrientationPatient=list(orientation), InstanceNumber=index + 1)
        dataset.save_as(folder / f"{(index * 5) % 7}.dcm", enforce_file_format=True)
    return folder


@pytest.mark.parametrize("overlap", [True, False])
def test_slicer_reads_names_codes_and_voxels(run: RunSpec, tmp_path: Path, overlap: bool) -> None:
    write_nifti(tmp_path / "mr.nii.gz", np.arange(2400, dtype=np.int16).reshape(12, 20, 10), AFFINE)
    image = read_own_file(tmp_path / "mr.nii.gz", run.task)
    mask = blocks((10, 20, 12), overlap)
    path = tmp_path / "mr.seg.nrrd"
    path.write_bytes(written(tmp_path / "mr.nii.gz", "seg-nrrd", mask, run, image))
    read = slicerio.read_segmentation(str(path))
    assert [segment["name"] for segment in read["segments"]] == list(NAMES)
    codes = [segment["terminology"]["type"] for segment in read["segments"]]
    assert codes[0] == ["SCT", "41216001", "Prostate"]
    assert codes[1][0] == "99FEDSM"
    assert codes[1][2] == "core"
    by_library = sitk.ReadImage(str(path))
    assert by_library.GetSize() == (12, 20, 10)
    # What our own reader of .seg.nrrd makes of it is the mask, laid on the image.
    decoded = read_mask(tmp_path, "mr.seg.nrrd", image.decoded, NAMES.__contains__)
    assert isinstance(decoded, NamedMask)
    for name, plane in zip(NAMES, mask, strict=True):
        np.testing.assert_array_equal(decoded.planes[name], plane)


def test_an_empty_structure_is_listed(run: RunSpec, tmp_path: Path) -> None:
    write_nifti(tmp_path / "mr.nii.gz", np.zeros((12, 20, 10), dtype=np.int16), AFFINE)
    image = read_own_file(tmp_path / "mr.nii.gz", run.task)
    path = tmp_path / "mr.seg.nrrd"
    path.write_bytes(written(tmp_path / "mr.nii.gz", "seg-nrrd", np.zeros((2, 10, 20, 12), dtype=bool), run, image))
    assert [segment["name"] for segment in slicerio.read_segmentation(str(path))["segments"]] == list(NAMES)


@pytest.mark.parametrize("orientation", [AXIAL, CORONAL, OBLIQUE], ids=["axial", "coronal", "oblique"])
@pytest.mark.parametrize("overlap", [True, False])
def test_a_dicom_segmentation_lies_on_its_series(
    run: RunSpec, tmp_path: Path, orientation: tuple[float, ...], overlap: bool
) -> None:
    series = write_series(tmp_path / "series", orientation)
    image = read_own_file(series, run.task)
    assert own_form(series, image) == "dicom-seg"
    shape = image.read.image.shape[:3]
    mask = np.zeros((2, *shape), dtype=bool)
    mask[0, 1:4, 2:9, 3:6] = True
    mask[1, 2:4, 4:7, 4:6] = True
    if not overlap:
        mask[0] &= ~mask[1]
    content = written(series, "dicom-seg", mask, run, image)
    assert written(series, "dicom-seg", mask, run, image)[:132] == content[:132]
    made = highdicom.seg.segread(io.BytesIO(content))
    assert [made.get_segment_description(n).segment_label for n in made.segment_numbers] == list(NAMES)
    assert made.get_segment_description(1).segmented_property_type.value == "41216001"
    sources = {pydicom.dcmread(path).SOPInstanceUID for path in series.iterdir()}
    assert {uid for _, _, uid in made.get_source_image_uids()} <= sources
    frames = made.NumberOfFrames
    assert frames < 2 * 6, "frames without any structure are left out"
    (tmp_path / "mask.dcm").write_bytes(content)
    decoded = read_mask(tmp_path, "mask.dcm", image.decoded, NAMES.__contains__)
    assert isinstance(decoded, NamedMask)
    for name, plane in zip(NAMES, mask, strict=True):
        np.testing.assert_array_equal(decoded.planes[name], plane)


def test_a_segmentation_of_nothing_is_read_as_nothing(run: RunSpec, tmp_path: Path) -> None:
    series = write_series(tmp_path / "series", AXIAL)
    image = read_own_file(series, run.task)
    mask = np.zeros((2, *image.read.image.shape[:3]), dtype=bool)
    made = highdicom.seg.segread(io.BytesIO(written(series, "dicom-seg", mask, run, image)))
    assert list(made.segment_numbers) == [1, 2]
    assert not made.pixel_array.any()


def test_equal_masks_have_equal_uids(run: RunSpec, tmp_path: Path) -> None:
    series = write_series(tmp_path / "series", AXIAL)
    image = read_own_file(series, run.task)
    mask = blocks(image.read.image.shape[:3], overlap=True)
    uids = {
        pydicom.dcmread(io.BytesIO(written(series, "dicom-seg", each, run, image))).SOPInstanceUID
        for each in (mask, mask, ~mask)
    }
    assert len(uids) == 2


def test_what_has_no_place_has_neither_form(run: RunSpec, pictures: TrainedSet, volumes: TrainedSet) -> None:
    picture = next(iter(pictures.tested))
    image = read_own_file(picture, pictures.run.task)
    assert own_form(picture, image) == "files"
    for form, words in (("seg-nrrd", "take masks as PNG"), ("dicom-seg", "take the masks as NIfTI or PNG")):
        with pytest.raises(ValueError, match=words):
            written(picture, form, pictures.mask(picture), pictures.run, image)
    volume = next(iter(volumes.tested))
    assert own_form(volume, read_own_file(volume, run.task)) == "files"
