from pathlib import Path

import numpy as np
import pytest

from tests.worker.datasets.readers.medical_files import ct_series, save, write_series
from worker.datasets.files import UnsafeFile
from worker.datasets.readers import (
    is_companion_name,
    is_dicom_series,
    is_image_name,
    kind_of,
    looks_like_dicom,
    stem_of,
)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("a.nii.gz", "a"),
        ("a.NII.GZ", "a"),
        ("case.01.png", "case.01"),
        ("a.seg.nrrd", "a"),
        ("a.img", "a"),
        ("17106", "17106"),
        ("1.2.840.113", "1.2.840.113"),
        ("IM1.dcm", "IM1"),
        (".png", ".png"),
    ],
)
def test_stems(name: str, stem: str) -> None:
    assert stem_of(name) == stem


def test_kinds(tmp_path: Path) -> None:
    kinds = {"a.JPG": "picture", "a.npz": "array", "a.hdr": "nifti", "a.mhd": "itk", "a.ima": "dicom"}
    assert {name: kind_of(tmp_path, name) for name in kinds} == kinds
    assert is_image_name("a.nii.gz")
    assert not is_image_name("a.gz")
    assert is_companion_name("a.raw")
    assert not is_companion_name("a.mhd")
    with pytest.raises(UnsafeFile, match=r"is not called a PNG, .*convert or rename it"):
        kind_of(tmp_path, "a.mnc")


def test_dicom_is_known_by_its_content(tmp_path: Path) -> None:
    series = ct_series(np.zeros((2, 4, 4), np.uint16))
    save(series[0], tmp_path / "17106")
    write_series(tmp_path / "images/a", series)
    (tmp_path / "notes").write_text("no DICOM")
    assert kind_of(tmp_path, "17106") == "dicom"
    assert looks_like_dicom(tmp_path / "17106")
    assert not looks_like_dicom(tmp_path / "notes")
    assert kind_of(tmp_path, "images/a") == "dicom_series"
    assert is_dicom_series(tmp_path, "images/a")
    assert not is_dicom_series(tmp_path, "images")
