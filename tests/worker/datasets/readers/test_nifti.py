"""NIfTI beside its orientation: values, axes, pairs, headers that ask for too much."""

import gzip
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from tests.worker.datasets.readers.medical_files import write_nifti
from worker.datasets.files import UnsafeFile
from worker.datasets.readers import (
    LabelMask,
    MissingSpacing,
    Undecodable,
    WrongChannels,
    WrongDimensions,
    content_sha256,
    read_image,
    read_mask,
)

LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
VOXELS = np.arange(24, dtype=np.int16).reshape(2, 3, 4)


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("uint8", "uint8"), ("int8", "int16"), ("int16", "int16"), ("uint16", "uint16"), ("int32", "int32"),
        ("uint32", "int32"), ("int64", "int32"), ("float32", "float32"), ("float64", "float32"), (">i2", "int16"),
    ],
)  # fmt: skip
def test_every_type_keeps_its_values(tmp_path: Path, stored: str, read: str) -> None:
    nib.save(nib.Nifti1Image(VOXELS.astype(stored), LPS, dtype=np.dtype(stored)), tmp_path / "a.nii")
    image = read_image(tmp_path, "a.nii", 3)
    assert image.pixels.dtype == np.dtype(read)
    assert np.array_equal(image.pixels[..., 0], VOXELS.transpose(2, 1, 0))


def test_slope_and_intercept_are_applied(tmp_path: Path) -> None:
    volume = nib.Nifti1Image(VOXELS, LPS)
    volume.header.set_slope_inter(0.5, 10)
    nib.save(volume, tmp_path / "a.nii")
    image = read_image(tmp_path, "a.nii", 3)
    assert image.pixels.dtype == np.float32
    assert np.array_equal(image.pixels[..., 0], 0.5 * VOXELS.transpose(2, 1, 0) + 10)


@pytest.mark.parametrize("nifti", [nib.Nifti1Pair, nib.Nifti2Pair])
def test_pairs_are_read_and_hashed_together(tmp_path: Path, nifti: Any) -> None:
    nib.save(nifti(VOXELS, LPS), tmp_path / "a.hdr")
    image = read_image(tmp_path, "a.hdr", 3)
    assert np.array_equal(image.pixels[..., 0], VOXELS.transpose(2, 1, 0))
    assert image.sha256 == content_sha256(tmp_path, "a.hdr")
    data = tmp_path / "a.img"
    data.write_bytes(data.read_bytes()[:-2] + b"zz")
    assert content_sha256(tmp_path, "a.hdr") != image.sha256
    data.unlink()
    with pytest.raises(UnsafeFile, match=r"is a header without its data: put the \.img file next to it"):
        read_image(tmp_path, "a.hdr", 3)


def test_nifti_2_is_read(tmp_path: Path) -> None:
    nib.save(nib.Nifti2Image(VOXELS, LPS), tmp_path / "a.nii.gz")
    assert np.array_equal(read_image(tmp_path, "a.nii.gz", 3).pixels[..., 0], VOXELS.transpose(2, 1, 0))


def test_analyze_is_refused(tmp_path: Path) -> None:
    nib.save(nib.AnalyzeImage(VOXELS, LPS), tmp_path / "a.hdr")
    with pytest.raises(Undecodable, match="does not tell left from right: convert it to NIfTI"):
        read_image(tmp_path, "a.hdr", 3)


@pytest.mark.parametrize("num_channels", [1, 3, 4, 16])
def test_a_short_last_axis_is_channels(tmp_path: Path, num_channels: int) -> None:
    voxels = np.arange(24 * num_channels, dtype=np.int16).reshape(2, 3, 4, num_channels)
    write_nifti(tmp_path / "a.nii", voxels, LPS)
    write_nifti(tmp_path / "b.nii", voxels[:, :, :, None], LPS)
    for name in ("a.nii", "b.nii"):
        assert np.array_equal(read_image(tmp_path, name, 3).pixels, voxels.transpose(2, 1, 0, 3))


def test_rgb_voxels_are_channels(tmp_path: Path) -> None:
    colours = np.random.default_rng(0).integers(0, 255, (2, 3, 4, 3), dtype=np.uint8)
    voxels = colours.view([("R", "u1"), ("G", "u1"), ("B", "u1")])[..., 0]
    write_nifti(tmp_path / "a.nii.gz", voxels, LPS)
    assert np.array_equal(read_image(tmp_path, "a.nii.gz", 3).pixels, colours.transpose(2, 1, 0, 3))
    with pytest.raises(WrongChannels, match="has 3 values a voxel, which are no labels"):
        read_mask(tmp_path, "a.nii.gz", read_image(tmp_path, "a.nii.gz", 3))


@pytest.mark.parametrize("num_volumes", [17, 200])
def test_several_volumes_in_one_file_are_refused(tmp_path: Path, num_volumes: int) -> None:
    write_nifti(tmp_path / "a.nii", np.zeros((2, 3, 4, num_volumes), np.int16))
    with pytest.raises(WrongDimensions, match=rf"\(2 x 3 x 4 x {num_volumes}\), several volumes .*save one volume"):
        read_image(tmp_path, "a.nii", 3)


def test_dimensions_of_the_task(tmp_path: Path) -> None:
    write_nifti(tmp_path / "volume.nii", VOXELS)
    write_nifti(tmp_path / "slice.nii", VOXELS[:, :, :1])
    write_nifti(tmp_path / "flat.nii", VOXELS[:, :, 0], LPS)
    with pytest.raises(WrongDimensions, match=r"is a volume of 2 x 3 x 4 voxels, but the task is 2D: use a federation"):
        read_image(tmp_path, "volume.nii", 2)
    with pytest.raises(WrongDimensions, match=r"has one slice \(2 x 3 x 1 voxels\), but the task is 3D"):
        read_image(tmp_path, "slice.nii", 3)
    assert np.array_equal(read_image(tmp_path, "flat.nii", 2).pixels[..., 0], VOXELS[:, :, 0].T)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_is_refused(tmp_path: Path, value: float) -> None:
    voxels = VOXELS.astype(np.float32)
    voxels[1, 1, 1] = value
    write_nifti(tmp_path / "a.nii.gz", voxels)
    with pytest.raises(Undecodable, match=r"holds 1 voxel\(s\) that are NaN or infinite"):
        read_image(tmp_path, "a.nii.gz", 3)


def test_units_other_than_mm(tmp_path: Path) -> None:
    volume = nib.Nifti1Image(VOXELS, np.diag([-500.0, -500.0, 750.0, 1.0]))
    volume.header.set_xyzt_units("micron")
    nib.save(volume, tmp_path / "a.nii")
    assert read_image(tmp_path, "a.nii", 3).spacing == pytest.approx((0.75, 0.5, 0.5))


@pytest.mark.parametrize(
    ("value", "reason"),
    [(0.5, "no whole numbers"), (-1, "from -1 to 1"), (65536, "from 0 to 65536"), (np.nan, "NaN or infinite")],
)
def test_masks_hold_labels_only(tmp_path: Path, value: float, reason: str) -> None:
    write_nifti(tmp_path / "a.nii", VOXELS)
    labels = np.ones(VOXELS.shape, np.float32)
    labels[0, 0, 0], labels[1, 0, 0] = value, 0 if value > 0 else 1
    write_nifti(tmp_path / "m.nii", labels)
    with pytest.raises(Undecodable, match=reason):
        read_mask(tmp_path, "m.nii", read_image(tmp_path, "a.nii", 3))


def test_floats_that_are_whole_are_labels(tmp_path: Path) -> None:
    write_nifti(tmp_path / "a.nii", VOXELS, LPS)
    write_nifti(tmp_path / "m.nii", (VOXELS % 3).astype(np.float64), LPS)
    mask = read_mask(tmp_path, "m.nii", read_image(tmp_path, "a.nii", 3))
    assert isinstance(mask, LabelMask)
    assert mask.labels.dtype == np.int32
    assert np.array_equal(mask.labels, VOXELS.transpose(2, 1, 0) % 3)


def test_a_header_that_asks_for_too_much_is_refused_before_any_memory_is_taken(tmp_path: Path) -> None:
    write_nifti(tmp_path / "a.nii", VOXELS)
    data = bytearray((tmp_path / "a.nii").read_bytes())
    data[42:48] = np.array([30000, 30000, 30000], "<i2").tobytes()
    (tmp_path / "a.nii").write_bytes(data)
    with pytest.raises(Undecodable, match="says to hold 30000 x 30000 x 30000 voxels"):
        read_image(tmp_path, "a.nii", 3)


def test_a_changed_byte_in_a_compressed_file_is_noticed(tmp_path: Path) -> None:
    """Stored without compression inside gzip, so that only the checksum can tell."""
    write_nifti(tmp_path / "a.nii", VOXELS)
    data = bytearray(gzip.compress((tmp_path / "a.nii").read_bytes(), compresslevel=0))
    data[-20] ^= 1
    (tmp_path / "a.nii.gz").write_bytes(data)
    with pytest.raises(Undecodable, match=r"is damaged .*CRC"):
        read_image(tmp_path, "a.nii.gz", 3)


def test_a_header_without_geometry_is_refused(tmp_path: Path) -> None:
    volume = nib.Nifti1Image(VOXELS, None)
    volume.header.set_sform(np.diag([1, 1, 0, 1]), code=1)
    data = bytearray(volume.to_bytes())
    (tmp_path / "a.nii").write_bytes(data)
    with pytest.raises(MissingSpacing, match="says that its voxels measure 1 x 1 x 0, which is no size"):
        read_image(tmp_path, "a.nii", 3)
