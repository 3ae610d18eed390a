"""Images that somebody sends, in one file or a zip; and zips that are made to do harm."""

import io
import stat
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from tests.worker.datasets.readers.medical_files import ct_series, write_series
from worker.datasets import uploads
from worker.datasets.files import UnsafeFile
from worker.datasets.readers import CannotRead, Undecodable, read_image
from worker.datasets.uploads import store_upload

VOXELS = np.random.default_rng(0).integers(0, 900, (5, 6, 7)).astype(np.int16)


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def _files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def _series(folder: Path) -> dict[str, bytes]:
    write_series(folder, ct_series(VOXELS.astype(np.uint16), RescaleIntercept=0))
    return _files_in(folder)


def _read(folder: Path, name: str, content: bytes) -> np.ndarray:
    folder.mkdir()
    root, path = store_upload(folder, name, content)
    return read_image(root, path, 3).pixels[..., 0]


def test_one_file_is_kept_as_it_is(tmp_path: Path) -> None:
    nib.save(nib.Nifti1Image(VOXELS.transpose(2, 1, 0), np.diag([-1.0, -1, 1, 1])), tmp_path / "a.nii.gz")
    assert np.array_equal(_read(tmp_path / "in", "a.nii.gz", (tmp_path / "a.nii.gz").read_bytes()), VOXELS)


@pytest.mark.parametrize("within", ["", "study/series 2/", "Müller\\CT\\"])
def test_a_dicom_series(tmp_path: Path, within: str) -> None:
    files = {within + name: content for name, content in _series(tmp_path / "a").items()}
    beside = {"__MACOSX/._IM001": b"", ".DS_Store": b"x", "DICOMDIR": b"y", f"{within}notes.txt": b"z", "a.pdf": b"p"}
    assert np.array_equal(_read(tmp_path / "in", "a.zip", zipped({**beside, **files})), VOXELS)


@pytest.mark.parametrize("suffix", [".mhd", ".nhdr", ".hdr", ".nii", ".mha"])
@pytest.mark.parametrize("within", ["", "deep/er/"])
def test_a_header_and_its_data(tmp_path: Path, suffix: str, within: str) -> None:
    (tmp_path / "a").mkdir()
    if suffix == ".hdr":
        nib.save(nib.Nifti1Pair(VOXELS.transpose(2, 1, 0), np.diag([-1.0, -1, 1, 1])), tmp_path / "a" / "x.hdr")
    else:
        sitk.WriteImage(sitk.GetImageFromArray(VOXELS), tmp_path / "a" / f"x{suffix}")
    files = {within + name: content for name, content in _files_in(tmp_path / "a").items()}
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        assert np.array_equal(_read(tmp_path / f"in{method}", "x.ZIP", zipped(files, method)), VOXELS)


def _refused(tmp_path: Path, content: bytes, reason: str) -> None:
    outside = _files_in(tmp_path)
    folder = tmp_path / "in"
    folder.mkdir(exist_ok=True)
    with pytest.raises((CannotRead, UnsafeFile), match=reason) as refusal:
        store_upload(folder, "a.zip", content)
    assert ": " in str(refusal.value), "what helps"
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or path.is_relative_to(folder) or str(path.relative_to(tmp_path)) in outside


@pytest.mark.parametrize(
    "name",
    ["../a.nii", "/etc/a.nii", "b/../../a.nii", "..\\a.nii", "C:\\a.nii", "C:a.nii", "a\nb.nii", "\\\\host\\a.nii"],
)
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    _refused(tmp_path, zipped({name: b"x", "good.nii": b"y"}), "which is no path within it: make it again")


def test_long_and_deep_names_are_refused(tmp_path: Path) -> None:
    _refused(tmp_path, zipped({"a" * 300 + ".nii": b"x"}), "no path within it")
    (tmp_path / "in" / "files").rmdir()
    _refused(tmp_path, zipped({"a/" * 50 + "b.nii": b"x"}), "no path within it")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_links_and_devices_are_refused(tmp_path: Path, kind: int) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        info = zipfile.ZipInfo("a.nii")
        info.external_attr = (kind | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    _refused(tmp_path, file.getvalue(), "holds a.nii, which is a link or no regular file: put the file itself")


@pytest.mark.parametrize("name", ["inner.zip", "INNER.ZIP", "a.tar", "deep/b.7z"])
def test_archives_within_are_refused(tmp_path: Path, name: str) -> None:
    _refused(tmp_path, zipped({name: zipped({"a.nii": b"x"})}), "an archive within the archive")


def test_more_bytes_than_allowed_are_refused_before_any_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bomb: a hundred megabytes in a hundred kilobytes, and a listing whose entries share them."""
    monkeypatch.setattr(uploads, "_MAX_BYTES", 50 * 2**20)
    _refused(tmp_path, zipped({f"{number}.dcm": bytes(2**20) for number in range(60)}), "holds more than 0 GiB: crop")
    assert not any((tmp_path / "in" / "files").iterdir())
    monkeypatch.setattr(uploads, "MAX_FILE_BYTES", 2**20)
    (tmp_path / "in" / "files").rmdir()
    _refused(tmp_path, zipped({"a.nii": bytes(2**20 + 1)}), "holds a.nii of 1 MiB, more than 1 MiB: make it smaller")


def test_a_listing_that_lies_about_a_size_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped({"a.nii": bytes(100_000)}))
    listing = content.rindex(b"PK\x01\x02")
    content[listing + 24 : listing + 28] = struct.pack("<I", 10)
    _refused(tmp_path, bytes(content), "is a damaged zip file: make it again")
    assert (tmp_path / "in" / "files" / "a.nii").stat().st_size <= 10


def test_many_files_and_long_listings_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_SERIES_FILES", 3)
    _refused(
        tmp_path, zipped({f"{number}.dcm": b"" for number in range(4)}), "holds 4 files, more than 3: put one image"
    )
    monkeypatch.setattr("worker.datasets.readers.zip_listing.MAX_LISTING_BYTES", 100)
    (tmp_path / "in" / "files").rmdir()
    _refused(tmp_path, zipped({"a" * 100: b""}), r"a zip file whose listing has 146 bytes, more than 100")


def test_damaged_encrypted_and_doubled_ones_are_refused(tmp_path: Path) -> None:
    good = zipped({"a.nii": np.random.default_rng(0).bytes(1000)})
    for number, (content, reason) in enumerate(
        (
            (b"no zip", "is no zip file, or is damaged"),
            (good[:-30], "is no zip file, or is damaged"),
            (good[:200] + bytes(400) + good[600:], "is a damaged zip file"),
            (zipped({"A.nii": b"x", "a.NII": b"y"}), "holds a.NII twice"),
            (zipped({"a": b"x", "a/b.nii": b"y"}), "a file and a folder of one name"),
            (zipped({"a.nii": b"x"}, zipfile.ZIP_LZMA), "in a compression that is not read"),
        )
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        _refused(folder, content, reason)
    flagged = bytearray(good)
    flagged[good.rindex(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "e").mkdir()
    _refused(tmp_path / "e", bytes(flagged), "is encrypted: make it without a password")


def test_several_images_or_none_are_told(tmp_path: Path) -> None:
    series = _series(tmp_path / "a")
    two = {f"{part}/{name}": content for part in ("one", "two") for name, content in series.items()}
    for number, (files, reason) in enumerate(
        (
            ({"a.nii": b"x", "b.nii": b"y"}, r"holds 2 images or series \(a.nii, b.nii\): send one at a time"),
            (two, r"holds 2 images or series \(one/, two/\)"),
            ({**series, "b.nii": b"y"}, r"holds 2 images or series \(b.nii, ./\)"),
            ({"notes.txt": b"x", "a.raw": b"y"}, r"holds no image \(a.raw, notes.txt\): put a DICOM series"),
            ({}, r"holds no image \(nothing\)"),
        )
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        _refused(folder, zipped(files), reason)


def test_the_readers_bounds_hold_within(tmp_path: Path) -> None:
    series = _series(tmp_path / "a")
    first = next(iter(series))
    with pytest.raises(Undecodable, match=r"lacks slices|is no DICOM file"):
        _read(tmp_path / "in", "a.zip", zipped({**series, first: b"no DICOM at all"} | {"IM002.dcm": b"neither"}))
