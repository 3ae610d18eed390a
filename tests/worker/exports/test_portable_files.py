"""The code that goes out with a model reads the files of every format as the platform does, and lays masks on them."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import nibabel as nib
import numpy as np
import pytest
import SimpleITK

from tests.worker.datasets.readers.medical_files import CORONAL, SAGITTAL, ct_slice, enhanced_ct, save
from tests.worker.predicting.series import write_series
from worker.datasets.mask_files import mask_file
from worker.datasets.readers import read_image
from worker.exports.portable import portable

#: SimpleITK has no type annotations.
sitk: Any = SimpleITK
OBLIQUE = (0.8, 0.6, 0, -0.6, 0.8, 0)
VOXELS = np.random.default_rng(0).integers(0, 900, (5, 6, 7)).astype(np.int16)


def itk(name: str, shape: tuple[int, int, int] = (5, 6, 7)) -> Callable[[Path], Path]:
    """Its axes lie as no axis of a patient, with left and right exchanged."""

    def write(folder: Path) -> Path:
        image = sitk.GetImageFromArray(VOXELS[: shape[0], : shape[1], : shape[2]])
        image.SetSpacing((0.5, 0.75, 2.0))
        image.SetOrigin((5.0, -7.0, 11.0))
        image.SetDirection((0.0, -1.0, 0.0, 0.0, 0.0, 1.0, -1.0, 0.0, 0.0))
        sitk.WriteImage(image, str(folder / name))
        return folder / name

    return write


def nifti_slice(axes: str, num_axes: int = 3) -> Callable[[Path], Path]:
    """One slice across the third axis of the file, whose axes go to where the letters say."""

    def write(folder: Path) -> Path:
        turned = nib.orientations.axcodes2ornt(tuple(axes))
        affine = np.diag([0.5, 0.75, 2.0, 1.0]) @ nib.orientations.inv_ornt_aff(turned, (6, 7, 1))
        nib.save(nib.Nifti1Image(VOXELS[0] if num_axes == 2 else VOXELS[0][..., None], affine), folder / "a.nii.gz")
        return folder / "a.nii.gz"

    return write


def dicom(**elements: Any) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        pixels = np.random.default_rng(0).integers(0, 255, (14, 12), dtype=np.uint8)
        save(ct_slice(pixels, (5, -7, 11), **{"RescaleIntercept": 0} | elements), folder / "picture")
        return folder / "picture"

    return write


READ: dict[str, tuple[Literal[2, 3], Callable[[Path], Path]]] = {
    "axial series": (3, lambda folder: write_series(folder / "series")),
    "coronal series": (3, lambda folder: write_series(folder / "series", CORONAL)),
    "sagittal series": (3, lambda folder: write_series(folder / "series", SAGITTAL)),
    "oblique series": (3, lambda folder: write_series(folder / "series", OBLIQUE)),
    "reversed series": (3, lambda folder: write_series(folder / "series", step=-3.0)),
    "NRRD": (3, itk("a.nrrd")),
    "MetaImage": (3, itk("a.mha")),
    "header and data": (3, itk("a.mhd")),
    "slice in NRRD": (2, itk("a.nrrd", (5, 1, 7))),
    "axial slice": (2, nifti_slice("LPS")),
    "coronal slice": (2, nifti_slice("LIA")),
    "sagittal slice": (2, nifti_slice("PIR")),
    "slice of two axes": (2, nifti_slice("RAS", num_axes=2)),
    "DICOM slice": (2, dicom(ImageOrientationPatient=list(CORONAL))),
    "DICOM without position": (2, dicom(ImagePositionPatient=None, ImageOrientationPatient=None)),
}


@pytest.mark.parametrize("name", READ)
def test_pixels_spacing_and_masks_are_the_platforms(name: str, tmp_path: Path) -> None:
    dimensions, write = READ[name]
    path = write(tmp_path)
    here = read_image(tmp_path, path.name, dimensions)
    level = np.median(here.pixels)
    content, _ = mask_file(here.pixels[..., 0] > level, here.frame)

    pixels, spacing, place = portable.read_image(path, {"dimensions": dimensions, "num_channels": 1})
    np.testing.assert_array_equal(pixels, here.pixels)
    if here.frame is not None and here.frame.affine is not None:
        assert spacing == pytest.approx(here.spacing)
    (written,) = portable.write_masks([pixels[..., 0] > level], place, tmp_path / "masks", "a", ["disc"])
    if written.suffix == ".png":
        assert written.read_bytes()[:4] == content[:4]
        return
    mask, expected = nib.load(written), nib.Nifti1Image.from_bytes(gzip.decompress(content))
    np.testing.assert_array_equal(np.asarray(mask.dataobj), np.asarray(expected.dataobj))
    np.testing.assert_allclose(mask.affine, expected.affine, atol=1e-4)


def two_series(folder: Path) -> Path:
    write_series(folder / "series")
    save(ct_slice(np.zeros((14, 12), np.int16), (0, 0, 0), SeriesInstanceUID="1.2.3"), folder / "series" / "other.dcm")
    return folder / "series"


def without_spacing(folder: Path) -> Path:
    (folder / "a.nrrd").write_bytes(
        b"NRRD0004\ntype: uchar\ndimension: 3\nsizes: 2 2 2\nencoding: raw\n\n" + bytes(range(8))
    )
    return folder / "a.nrrd"


def enhanced(folder: Path) -> Path:
    save(enhanced_ct(np.arange(5 * 6 * 7, dtype=np.uint16).reshape(5, 6, 7)), folder / "a.dcm")
    return folder / "a.dcm"


REFUSED: dict[str, tuple[Literal[2, 3], Callable[[Path], Path], str]] = {
    "tilted gantry": (3, lambda folder: write_series(folder / "series", tilt=1.0), "tilted gantry"),
    "two series": (3, two_series, "holds 2 DICOM series"),
    "no spacing": (3, without_spacing, "how large its voxels are"),
    "enhanced": (3, enhanced, "`fedsm predict` may read it"),
    "dark is large": (2, dicom(PhotometricInterpretation="MONOCHROME1"), "is MONOCHROME1"),
    "volume of a 2D task": (2, itk("a.nrrd"), "is a volume, and the model takes pictures"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_lie_otherwise_is_refused(name: str, tmp_path: Path) -> None:
    dimensions, write, words = REFUSED[name]
    with pytest.raises(ValueError, match=words):
        portable.read_image(write(tmp_path), {"dimensions": dimensions, "num_channels": 1})
