"""Cut and scribbled files of every format: a plain sentence that says what helps, never another error.

Where a scribble leaves a file valid, its values may change; what counts is that nothing but CannotRead and UnsafeFile
is raised.
"""

from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from PIL import Image
from pydicom.uid import RLELossless

from tests.worker.datasets.readers.medical_files import ct_series, ct_slice, save, segmentation, structure_set
from worker.datasets.files import UnsafeFile
from worker.datasets.readers import CannotRead, content_sha256, read_image, read_mask

RNG = np.random.default_rng(0)
VOXELS = RNG.integers(0, 3000, (4, 8, 10)).astype(np.int16)
PICTURE = RNG.integers(0, 255, (16, 16), dtype=np.uint8)
LABELS = (VOXELS > 1500).astype(np.uint8)


def _picture(path: Path) -> None:
    Image.fromarray(PICTURE).save(path)


def _itk(path: Path) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(VOXELS), path, useCompression="z" in path.stem)


def _nifti(path: Path) -> None:
    nib.save((nib.Nifti2Image if "z" in path.stem else nib.Nifti1Image)(VOXELS, np.eye(4)), path)


def _dicom(path: Path) -> None:
    save(ct_slice(VOXELS[0], (-10, -20, 30), RescaleIntercept=0), path)


def _rle(path: Path) -> None:
    dataset = ct_slice(VOXELS[0], (-10, -20, 30), RescaleIntercept=0)
    dataset.compress(RLELossless)
    save(dataset, path)


def _jpeg_in_dicom(path: Path) -> None:
    writer = sitk.ImageFileWriter()
    writer.SetImageIO("GDCMImageIO")
    writer.SetFileName(str(path))
    writer.SetUseCompression(True)
    writer.SetCompressor("JPEG" if "lossless" in path.name else "JPEG2000")
    writer.Execute(sitk.GetImageFromArray(VOXELS[0]))


def _seg(path: Path) -> None:
    save(segmentation(ct_series(VOXELS), {"gland": LABELS.astype(bool)}), path)


def _structures(path: Path) -> None:
    square = np.array([[-9, -19, 32], [-9, -17, 32], [-8, -17, 32], [-8, -19, 32]], float)
    save(structure_set({"gland": [square]}), path)


WRITERS: dict[str, Callable[[Path], None]] = {
    "a.png": _picture, "a.jpg": _picture, "a.tif": _picture, "a.bmp": _picture, "a.gif": _picture,
    "a.npy": lambda path: np.save(path, VOXELS), "a.npz": lambda path: np.savez_compressed(path, VOXELS),
    "a.nii": _nifti, "a.nii.gz": _nifti, "z.nii": _nifti, "a.hdr": lambda path: nib.save(
        nib.Nifti1Pair(VOXELS, np.eye(4)), path),
    "a.nrrd": _itk, "z.nrrd": _itk, "a.mha": _itk, "z.mha": _itk, "a.nhdr": _itk, "a.mhd": _itk,
    "a.dcm": _dicom, "rle.dcm": _rle, "jpeg2000.dcm": _jpeg_in_dicom, "lossless.dcm": _jpeg_in_dicom,
    "seg.dcm": _seg, "rtstruct.dcm": _structures,
}  # fmt: skip
IS_2D = ("a.png", "a.jpg", "a.tif", "a.bmp", "a.gif", "a.dcm", "rle.dcm", "jpeg2000.dcm", "lossless.dcm")


def _read(folder: Path, name: str) -> None:
    """As an image, or as a mask of the series that the masks were made of."""
    if name in ("seg.dcm", "rtstruct.dcm"):
        for number, dataset in enumerate(ct_series(VOXELS)):
            save(dataset, folder / f"series/{number}")
        read_mask(folder, name, read_image(folder, "series", 3))
        return
    image = read_image(folder, name, 2 if name in IS_2D else 3)
    read_mask(folder, name, image)


def _say_what_is_wrong(folder: Path, name: str) -> str | None:
    try:
        content_sha256(folder, name)
        _read(folder, name)
    except (CannotRead, UnsafeFile) as error:
        said = str(error)
    else:
        return None
    assert ": " in said, f"no remedy: {said}"
    assert "\n" not in said
    assert len(said) < 600
    return said


@pytest.mark.parametrize("name", WRITERS)
def test_cut_files(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name)
    data = (tmp_path / name).read_bytes()
    said = [_say_what_is_wrong(tmp_path, name)]
    for length in (0, 1, 4, 100, 200, 400, len(data) // 3, len(data) // 2, len(data) - 20):
        if length < len(data):
            (tmp_path / name).write_bytes(data[:length])
            said.append(_say_what_is_wrong(tmp_path, name))
    assert said[0] is None, "the whole file is read"
    # Without its last 20 bytes a file may lack only what nobody reads.
    assert None not in said[1:-1], [length for length, text in enumerate(said) if text is None]


@pytest.mark.parametrize("name", WRITERS)
def test_random_bytes(tmp_path: Path, name: str) -> None:
    for num_bytes in (10, 132, 5000):
        (tmp_path / name).write_bytes(RNG.integers(0, 255, num_bytes, dtype=np.uint8).tobytes())
        assert _say_what_is_wrong(tmp_path, name) is not None


@pytest.mark.parametrize("name", WRITERS)
def test_scribbled_files(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name)
    data = (tmp_path / name).read_bytes()
    rng = np.random.default_rng(3)
    for _ in range(40):
        scribbled = bytearray(data)
        # Headers come first: most scribbles go there.
        reach = min(len(data), int(rng.choice([400, 1500, len(data)])))
        for place in rng.integers(0, reach, int(rng.integers(1, 6))):
            scribbled[place] = int(rng.integers(0, 256))
        (tmp_path / name).write_bytes(scribbled)
        _say_what_is_wrong(tmp_path, name)
