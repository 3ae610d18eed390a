"""Masks in the forms that other programs open, read back by the libraries of the field."""

import io
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813
import slicerio

from backend.contracts.tasks import RunSpec
from tests.guide import lines_with
from tests.worker.datasets.readers.medical_files import (
    AXIAL,
    CORONAL,
    ct_slice,
    enhanced_ct,
    save,
    write_nifti,
)
from tests.worker.predicting.conftest import AFFINE
from tests.worker.predicting.series import NUM_SLICES, write_series
from tests.worker.predicting.trained import TrainedSet
from worker.datasets.readers import NamedMask, read_mask
from worker.datasets.viewer_files import OUTLINE_COLORS
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


def plane_counts(mask: np.ndarray, axis: int) -> list[int]:
    """Of each structure, in how many planes along the axis it occurs. mask: [S, *space]."""
    others = tuple(other for other in (1, 2, 3) if other != axis)
    return [int(found.sum()) for found in mask.any(axis=others)]


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
    for segment, color in zip(read["segments"], OUTLINE_COLORS, strict=False):
        assert segment["color"] == pytest.approx([channel / 255 for channel in color], abs=1e-5)
    np.testing.assert_allclose(read["ijkToLPS"], np.diag([-1.0, -1.0, 1.0, 1.0]) @ AFFINE, atol=1e-6)
    # The file's x goes to the left already; LPS order has z from foot to head, and D, H, W.
    in_file = mask[:, ::-1, ::-1].transpose(0, 3, 2, 1)
    for segment, plane in zip(read["segments"], in_file, strict=True):
        layer = read["voxels"][segment["layer"]] if read["voxels"].ndim == 4 else read["voxels"]
        np.testing.assert_array_equal(layer == segment["labelValue"], plane)
    of_guide: dict[str, Any] = {}
    exec(lines_with("slicerio").replace("masks/mr.seg.nrrd", str(path)), of_guide)
    assert list(of_guide["masks"]) == list(NAMES)
    np.testing.assert_array_equal(list(of_guide["masks"].values()), in_file)
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


@pytest.mark.parametrize(
    ("orientation", "overlap", "step"),
    [(AXIAL, True, 3.0), (CORONAL, False, 3.0), (OBLIQUE, True, 3.0), (AXIAL, False, -3.0)],
    ids=["axial", "coronal", "oblique", "reversed"],
)
def test_a_dicom_segmentation_lies_on_its_series(
    run: RunSpec, tmp_path: Path, orientation: tuple[float, ...], overlap: bool, step: float
) -> None:
    series = write_series(tmp_path / "series", orientation, step=step)
    image = read_own_file(series, run.task)
    assert own_form(series, image) == "dicom-seg"
    shape = image.read.image.shape[:3]
    mask = np.zeros((2, *shape), dtype=bool)
    mask[0, 1:4, 2:9, 3:6] = True
    mask[1, 2:4, 4:7, 4:6] = True
    if not overlap:
        mask[0] &= ~mask[1]
    content = written(series, "dicom-seg", mask, run, image)
    made = highdicom.seg.segread(io.BytesIO(content))
    assert [made.get_segment_description(n).segment_label for n in made.segment_numbers] == list(NAMES)
    codes = [made.get_segment_description(number).segmented_property_type for number in made.segment_numbers]
    assert [(code.scheme_designator, code.meaning) for code in codes] == [("SCT", "Prostate"), ("99FEDSM", "core")]
    sources = {pydicom.dcmread(path).SOPInstanceUID for path in series.iterdir()}
    assert {uid for _, _, uid in made.get_source_image_uids()} == sources
    frames = [int(group.SegmentIdentificationSequence[0].ReferencedSegmentNumber)
              for group in made.PerFrameFunctionalGroupsSequence]  # fmt: skip
    axis = 1 + int(image.read.image.shape[:3].index(NUM_SLICES))  # across the file's own planes
    expected = plane_counts(mask, axis)
    assert [frames.count(number) for number in (1, 2)] == expected, "planes without the structure are left out"
    assert 0 < max(expected) < NUM_SLICES
    (tmp_path / "mask.dcm").write_bytes(content)
    of_guide: dict[str, Any] = {}
    exec(lines_with("highdicom").replace("masks/series.seg.dcm", str(tmp_path / "mask.dcm")), of_guide)
    sizes = {name: int(found.sum()) for name, found in of_guide["masks"].items()}
    assert sizes == {name: int(plane.sum()) for name, plane in zip(NAMES, mask, strict=True)}
    decoded = read_mask(tmp_path, "mask.dcm", image.decoded, NAMES.__contains__)
    assert isinstance(decoded, NamedMask)
    for name, plane in zip(NAMES, mask, strict=True):
        np.testing.assert_array_equal(decoded.planes[name], plane)


def test_a_segmentation_of_nothing_is_read_as_nothing(run: RunSpec, tmp_path: Path) -> None:
    series = write_series(tmp_path / "series")
    image = read_own_file(series, run.task)
    mask = np.zeros((2, *image.read.image.shape[:3]), dtype=bool)
    made = highdicom.seg.segread(io.BytesIO(written(series, "dicom-seg", mask, run, image)))
    assert list(made.segment_numbers) == [1, 2]
    assert not made.pixel_array.any()
    assert made.NumberOfFrames == 2, "one of each structure, where the standard wants one at least"


def test_a_frame_of_an_enhanced_object_is_a_frame_of_its_segmentation(run: RunSpec, tmp_path: Path) -> None:
    voxels = np.arange(5 * 6 * 7, dtype=np.uint16).reshape(5, 6, 7)
    save(enhanced_ct(voxels), tmp_path / "a.dcm")
    image = read_own_file(tmp_path / "a.dcm", run.task)
    assert own_form(tmp_path / "a.dcm", image) == "dicom-seg"
    for mask in (blocks((5, 6, 7), overlap=True), np.zeros((2, 5, 6, 7), dtype=bool)):
        (tmp_path / "mask.dcm").write_bytes(written(tmp_path / "a.dcm", "dicom-seg", mask, run, image))
        decoded = read_mask(tmp_path, "mask.dcm", image.decoded, NAMES.__contains__)
        assert isinstance(decoded, NamedMask)
        np.testing.assert_array_equal(np.stack([decoded.planes[name] for name in NAMES]), mask)


def test_a_dicom_picture_has_a_segmentation_of_one_frame(pictures: TrainedSet, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (14, 12, 3), dtype=np.uint8)
    save(ct_slice(pixels, (5, -7, 11), RescaleIntercept=0, Modality="XC"), tmp_path / "eye.dcm")
    image = read_own_file(tmp_path / "eye.dcm", pictures.run.task)
    mask = blocks((4, 14, 12), overlap=True)[:, 3]
    made = highdicom.seg.segread(io.BytesIO(written(tmp_path / "eye.dcm", "dicom-seg", mask, pictures.run, image)))
    np.testing.assert_array_equal(made.pixel_array > 0, mask)


def test_what_a_segmentation_cannot_be_made_of_is_said(run: RunSpec, tmp_path: Path) -> None:
    series = write_series(tmp_path / "series", StudyInstanceUID=None)
    image = read_own_file(series, run.task)
    with pytest.raises(ValueError, match=r"lacks what a segmentation .*StudyInstanceUID.*--form files"):
        written(series, "dicom-seg", blocks(image.read.image.shape[:3], overlap=True), run, image)


def test_equal_masks_have_equal_uids(run: RunSpec, tmp_path: Path) -> None:
    series = write_series(tmp_path / "series")
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
