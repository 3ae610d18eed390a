"""A mask lies on the user's own file: SimpleITK and nibabel see the same array, geometry and shape in both."""

import io
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from PIL import Image

from tests.worker.datasets.readers.medical_files import CORONAL, SAGITTAL, ct_series, ct_slice, save, write_series
from worker.datasets.mask_files import mask_file
from worker.datasets.readers import read_image

VOXELS = np.random.default_rng(0).integers(0, 900, (5, 6, 7)).astype(np.int16)
#: What the mask is to hold, whatever the platform's order: the voxels above it.
LEVEL = 400
OBLIQUE = np.array([[0.1, -0.5, 0.2, 9], [0.8, 0.05, -0.1, -8], [0.05, 0.1, 2, 7], [0, 0, 0, 1.0]])
ORIENTATIONS = ["LPS", "RAS", "LAS", "PIR", "SLA", "AIL", "RSA"]


def _mask_of(folder: Path, name: str, dimensions: int) -> Path:
    """The file of the mask of an image's bright voxels, as it is found in the platform's order."""
    image = read_image(folder, name, dimensions)
    content, media_type = mask_file(image.pixels[..., 0] > LEVEL, image.frame)
    assert media_type == "application/gzip" or "nifti" in media_type
    path = folder / "mask.nii.gz"
    path.write_bytes(content)
    assert mask_file(image.pixels[..., 0] > LEVEL, image.frame)[0] == content
    return path


def _lies_on(mask: Path, image: sitk.Image) -> None:
    laid = sitk.ReadImage(mask)
    assert laid.GetSize() == image.GetSize()
    for asked in ("GetSpacing", "GetOrigin", "GetDirection"):
        assert getattr(laid, asked)() == pytest.approx(getattr(image, asked)(), abs=1e-5), asked
    assert np.array_equal(sitk.GetArrayFromImage(laid) > 0, sitk.GetArrayFromImage(image) > LEVEL)


@pytest.mark.parametrize("suffix", [".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd"])
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_volumes_of_any_orientation(tmp_path: Path, suffix: str, orientation: str) -> None:
    image = sitk.GetImageFromArray(VOXELS)
    image.SetSpacing((0.5, 0.75, 2.0))
    image.SetOrigin((3, -4, 5))
    sitk.WriteImage(sitk.DICOMOrient(image, orientation), tmp_path / f"a{suffix}")
    _lies_on(_mask_of(tmp_path, f"a{suffix}", 3), sitk.ReadImage(tmp_path / f"a{suffix}"))


@pytest.mark.parametrize("orientation", [(1, 0, 0, 0, 1, 0), CORONAL, SAGITTAL, (0.6, 0.8, 0, -0.8, 0.6, 0)])
def test_dicom_series(tmp_path: Path, orientation: tuple[float, ...]) -> None:
    write_series(tmp_path / "a", ct_series(VOXELS.astype(np.uint16), orientation, RescaleIntercept=0))
    reference = sitk.ReadImage(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(tmp_path / "a")))
    _lies_on(_mask_of(tmp_path, "a", 3), reference)


@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
@pytest.mark.parametrize("unit", ["mm", "micron", "meter"])
@pytest.mark.parametrize("forms", ["both", "sform", "qform", "neither"])
@pytest.mark.parametrize("shape", [(5, 6, 7), (5, 6, 7, 1), (5, 6, 7, 3), (5, 6, 7, 1, 3)])
def test_nifti_affines(tmp_path: Path, kind: type, unit: str, forms: str, shape: tuple[int, ...]) -> None:
    turned = np.diag([-0.5, 0.75, 2.0, 1.0])
    affine = OBLIQUE if forms in ("both", "sform") else turned
    voxels = np.random.default_rng(1).integers(0, 900, shape).astype(np.int16)
    image = kind(voxels, affine)
    image.header.set_xyzt_units(unit)
    image.set_sform(affine if forms in ("both", "sform") else None, 1 if forms in ("both", "sform") else 0)
    image.set_qform(affine if forms in ("both", "qform") else None, 1 if forms in ("both", "qform") else 0)
    nib.save(image, tmp_path / "a.nii.gz")
    stored = nib.load(tmp_path / "a.nii.gz")
    mask = nib.load(_mask_of(tmp_path, "a.nii.gz", 3))
    assert mask.shape == shape[:3]
    assert mask.affine == pytest.approx(stored.affine, abs=1e-5)
    assert mask.header.get_xyzt_units()[0] == unit
    first = voxels.reshape(*shape[:3], -1)[..., 0]
    assert np.array_equal(np.asarray(mask.dataobj) > 0, first > LEVEL)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("flips", [(1, 1, 1), (-1, -1, 1), (1, -1, -1)])
def test_pictures_with_a_geometry(tmp_path: Path, axis: int, flips: tuple[int, int, int]) -> None:
    """As slices of a 2D federation in NIfTI: the mask lies in the file's order, whichever way up it is shown."""
    flat = VOXELS.take([2], axis=axis)
    nib.save(nib.Nifti1Image(flat, np.diag([*map(float, flips), 1.0])), tmp_path / "a.nii.gz")
    mask = nib.load(_mask_of(tmp_path, "a.nii.gz", 2))
    stored = nib.load(tmp_path / "a.nii.gz")
    assert mask.shape == stored.shape
    assert np.array_equal(mask.affine, stored.affine)
    assert np.array_equal(np.asarray(mask.dataobj) > 0, flat > LEVEL)
    _lies_on(tmp_path / "mask.nii.gz", sitk.ReadImage(tmp_path / "a.nii.gz"))


def test_pictures_of_two_axes(tmp_path: Path) -> None:
    nib.save(nib.Nifti1Image(VOXELS[0], np.diag([1.0, -2.0, 1.0, 1.0])), tmp_path / "a.nii")
    mask = nib.load(_mask_of(tmp_path, "a.nii", 2))
    assert mask.shape == VOXELS[0].shape
    assert np.array_equal(np.asarray(mask.dataobj) > 0, VOXELS[0] > LEVEL)


@pytest.mark.parametrize("suffix", [".nrrd", ".mha"])
def test_pictures_of_two_axes_that_simpleitk_writes(tmp_path: Path, suffix: str) -> None:
    image = sitk.GetImageFromArray(VOXELS[0])
    image.SetSpacing((0.5, 0.25))
    image.SetOrigin((3, -4))
    image.SetDirection((0, 1, -1, 0))
    sitk.WriteImage(image, tmp_path / f"a{suffix}")
    _lies_on(_mask_of(tmp_path, f"a{suffix}", 2), sitk.ReadImage(tmp_path / f"a{suffix}"))


def test_a_dicom_slice(tmp_path: Path) -> None:
    for number, orientation in enumerate(((1, 0, 0, 0, 1, 0), CORONAL, SAGITTAL, (-1, 0, 0, 0, -1, 0))):
        folder = tmp_path / str(number)
        (dataset,) = ct_series(VOXELS[:1].astype(np.uint16), orientation, RescaleIntercept=0, SliceThickness=1)
        save(dataset, folder / "a.dcm")
        _lies_on(_mask_of(folder, "a.dcm", 2), sitk.ReadImage(folder / "a.dcm"))


def test_pictures_without_a_geometry_have_a_png(tmp_path: Path) -> None:
    Image.fromarray((VOXELS[0] % 256).astype(np.uint8)).save(tmp_path / "a.png")
    plain = {"ImagePositionPatient": None, "ImageOrientationPatient": None, "FrameOfReferenceUID": None}
    save(ct_slice(VOXELS[0].astype(np.uint16), (0, 0, 0), RescaleIntercept=0, **plain), tmp_path / "b.dcm")
    for name in ("a.png", "b.dcm"):
        image = read_image(tmp_path, name, 2)
        content, media_type = mask_file(image.pixels[..., 0] > 100, image.frame)
        assert media_type == "image/png"
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(content))), (image.pixels[..., 0] > 100) * np.uint8(255))


#: Of a NIfTI header.
TEXTS = ("descrip", "aux_file", "db_name", "intent_name")


@pytest.mark.parametrize("endian", ["<", ">"])
def test_a_nifti_mask_has_its_images_header_beyond_the_affine(tmp_path: Path, endian: str) -> None:
    """Codes, both transforms where they differ, units of time, the axes of the scan, the intent: but no vector's. None
    of the texts, in which people write whose image it is."""
    image = nib.Nifti1Image(VOXELS, np.eye(4), nib.Nifti1Header(endianness=endian))
    image.set_qform(np.diag([-0.5, 0.75, 2.0, 1.0]), 1)
    image.set_sform(OBLIQUE, 4)
    image.header.set_xyzt_units("mm", "sec")
    image.header.set_dim_info(freq=1, phase=0, slice=2)
    image.header.set_intent("estimate", ())
    for name in TEXTS:
        image.header[name] = b"Mueller"
    nib.save(image, tmp_path / "a.nii.gz")
    stored, mask = nib.load(tmp_path / "a.nii.gz").header, nib.load(_mask_of(tmp_path, "a.nii.gz", 3)).header
    for name in ("qform_code", "sform_code", "xyzt_units", "dim_info", "intent_code"):
        assert mask[name] == stored[name], name
    assert {name: mask[name].tobytes().strip(b"\0") for name in TEXTS} == dict.fromkeys(TEXTS, b"")
    assert mask["pixdim"][:4].tolist() == stored["pixdim"][:4].tolist()
    assert np.array_equal(mask.get_sform(), stored.get_sform())
    assert np.array_equal(mask.get_qform(), stored.get_qform())
    assert mask.get_data_dtype() == np.uint8

    image.header.set_intent("vector", name="deformation")
    nib.save(image, tmp_path / "a.nii.gz")
    assert nib.load(_mask_of(tmp_path, "a.nii.gz", 3)).header.get_intent() == ("none", (), "")
