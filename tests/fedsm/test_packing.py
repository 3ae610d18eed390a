"""What `fedsm predict` sends of an image: a file as it is, else a zip that the worker reads as the same image."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from fedsm.packing import CannotSend, packed, stem_of
from tests.worker.datasets.readers.medical_files import ct_series, write_series
from worker.datasets.readers import read_image
from worker.datasets.uploads import store_upload

VOXELS = np.random.default_rng(0).integers(0, 900, (5, 6, 7)).astype(np.int16)


def _sent(tmp_path: Path, *images: Path) -> tuple[str, np.ndarray]:
    with packed(images) as (name, file):
        content = file.read()
    folder = tmp_path / "server"
    folder.mkdir()
    root, path = store_upload(folder, name, content)
    return name, read_image(root, path, 3).pixels[..., 0]


def _refused(*images: Path, reason: str) -> None:
    with pytest.raises(CannotSend, match=reason), packed(images):
        pass


def test_a_file_is_sent_as_it_is(tmp_path: Path) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(VOXELS), tmp_path / "mr.nii.gz")
    name, voxels = _sent(tmp_path, tmp_path / "mr.nii.gz")
    assert name == "mr.nii.gz"
    assert np.array_equal(voxels, VOXELS)


def test_a_folder_is_a_series(tmp_path: Path) -> None:
    write_series(tmp_path / "CT 1.2", ct_series(VOXELS.astype(np.uint16), RescaleIntercept=0))
    (tmp_path / "CT 1.2" / ".DS_Store").write_bytes(b"x")
    (tmp_path / "CT 1.2" / "notes.txt").write_text("by hand")
    name, voxels = _sent(tmp_path, tmp_path / "CT 1.2")
    assert name == "CT 1.2.zip"
    assert np.array_equal(voxels, VOXELS)


@pytest.mark.parametrize("suffix", [".mhd", ".nhdr", ".hdr"])
def test_the_data_of_a_header_go_with_it(tmp_path: Path, suffix: str) -> None:
    if suffix == ".hdr":
        nib.save(nib.Nifti1Pair(VOXELS.transpose(2, 1, 0), np.diag([-1.0, -1, 1, 1])), tmp_path / "x.hdr")
    else:
        sitk.WriteImage(sitk.GetImageFromArray(VOXELS), tmp_path / f"x{suffix}")
    (tmp_path / "other.raw").write_bytes(b"no part of it")
    header = tmp_path / f"x{suffix}"
    data = next(path for path in tmp_path.iterdir() if path.stem == "x" and path != header)
    name, voxels = _sent(tmp_path, header)
    assert name == "x.zip"
    assert np.array_equal(voxels, VOXELS)
    (tmp_path / "server").rename(tmp_path / "before")
    assert np.array_equal(_sent(tmp_path, data, header)[1], VOXELS)
    data.unlink()
    _refused(header, reason="which is not next to it|header without its data")


def test_what_cannot_be_sent_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "a").mkdir()
    for path in (tmp_path / "a.png", tmp_path / "a" / "a.png"):
        path.write_bytes(b"x")
    _refused(tmp_path / "no.png", reason=r"no\.png is not there: give the path of an image")
    _refused(tmp_path / "empty", reason="is an empty folder: give the folder of a DICOM series")
    _refused(tmp_path / "empty", tmp_path / "a.png", reason="one of them a folder: give one folder")
    _refused(tmp_path / "a.png", tmp_path / "a" / "a.png", reason="several files of one name")


@pytest.mark.parametrize(
    ("names", "stem"),
    [(["a.png"], "a"), (["a.b.nii.gz"], "a.b"), (["x.raw", "x.mhd"], "x"), (["IM001"], "IM001"), (["A.NII.GZ"], "A")],
)
def test_masks_are_called_after_the_image(names: list[str], stem: str) -> None:
    assert stem_of([Path(name) for name in names]) == stem
