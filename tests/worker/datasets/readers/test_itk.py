"""NRRD and MetaImage: data files that headers name, and what they may not name. Geometry: test_orientation."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from worker.datasets.files import UnsafeFile
from worker.datasets.readers import (
    Undecodable,
    WrongChannels,
    WrongDimensions,
    content_sha256,
    read_image,
    read_mask,
)

VOXELS = np.arange(24, dtype=np.int16).reshape(2, 3, 4)


def _write(path: Path, voxels: np.ndarray = VOXELS, is_vector: bool = False) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(voxels, isVector=is_vector), path)


@pytest.mark.parametrize(("suffix", "companion"), [(".mhd", "a.raw"), (".nhdr", "a.raw")])
def test_detached_data_are_hashed_with_their_header(tmp_path: Path, suffix: str, companion: str) -> None:
    _write(tmp_path / f"a{suffix}")
    before = read_image(tmp_path, f"a{suffix}", 3)
    assert np.array_equal(before.pixels[..., 0], VOXELS)
    assert before.sha256 == content_sha256(tmp_path, f"a{suffix}")
    (tmp_path / companion).write_bytes((VOXELS + 1).tobytes())
    after = read_image(tmp_path, f"a{suffix}", 3)
    assert np.array_equal(after.pixels[..., 0], VOXELS + 1)
    assert after.sha256 != before.sha256
    (tmp_path / companion).unlink()
    with pytest.raises(UnsafeFile, match="is not there"):
        read_image(tmp_path, f"a{suffix}", 3)


@pytest.mark.parametrize(("suffix", "key"), [(".mhd", "ElementDataFile = "), (".nhdr", "data file: ")])
@pytest.mark.parametrize("target", ["../secret.raw", "/{root}/secret.raw", "link.raw", "LIST", "s%03d.raw 1 2 1"])
def test_headers_cannot_name_data_elsewhere(tmp_path: Path, suffix: str, key: str, target: str) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    _write(folder / f"a{suffix}")
    (folder / "a.raw").rename(tmp_path / "secret.raw")
    (folder / "link.raw").symlink_to(tmp_path / "secret.raw")
    header = (folder / f"a{suffix}").read_text()
    named = target.replace("/{root}", str(tmp_path))
    (folder / f"a{suffix}").write_text(header.replace(f"{key}a.raw", f"{key}{named}"))
    assert key + named in (folder / f"a{suffix}").read_text()
    with pytest.raises(UnsafeFile, match=r"not next to it|several data files|outside of the data set's folder"):
        read_image(folder, f"a{suffix}", 3)


@pytest.mark.parametrize("suffix", [".mhd", ".nhdr"])
def test_a_second_name_does_not_slip_through(tmp_path: Path, suffix: str) -> None:
    _write(tmp_path / f"a{suffix}")
    header = (tmp_path / f"a{suffix}").read_text()
    line = "elementdatafile = a.raw\n" if suffix == ".mhd" else "datafile: a.raw\n"
    first, rest = header.split("\n", 1)
    (tmp_path / f"a{suffix}").write_text(f"{first}\n{line}{rest}")
    with pytest.raises(UnsafeFile, match="is damaged"):
        read_image(tmp_path, f"a{suffix}", 3)


@pytest.mark.parametrize("suffix", [".nrrd", ".mha"])
def test_colours_axes_and_values(tmp_path: Path, suffix: str) -> None:
    colours = np.random.default_rng(0).integers(0, 255, (2, 3, 4, 3), dtype=np.uint8)
    _write(tmp_path / f"rgb{suffix}", colours, is_vector=True)
    _write(tmp_path / f"two{suffix}", colours[..., :2].copy(), is_vector=True)
    _write(tmp_path / f"many{suffix}", np.zeros((2, 3, 4, 17), np.uint8), is_vector=True)
    _write(tmp_path / f"flat{suffix}", VOXELS[0])
    _write(tmp_path / f"nan{suffix}", np.full((2, 3, 4), np.nan, np.float32))
    sitk.WriteImage(sitk.JoinSeries([sitk.GetImageFromArray(VOXELS)] * 5), tmp_path / f"four{suffix}")
    assert np.array_equal(read_image(tmp_path, f"rgb{suffix}", 3).pixels, colours)
    assert np.array_equal(read_image(tmp_path, f"flat{suffix}", 2).pixels[..., 0], VOXELS[0])
    with pytest.raises(WrongDimensions, match="the task is 3D"):
        read_image(tmp_path, f"flat{suffix}", 3)
    assert np.array_equal(read_image(tmp_path, f"two{suffix}", 3).pixels, colours[..., :2])
    assert np.array_equal(read_image(tmp_path, f"four{suffix}", 3).pixels, np.stack([VOXELS] * 5, axis=-1))
    with pytest.raises(WrongDimensions, match="has 17 values a voxel, more than 16"):
        read_image(tmp_path, f"many{suffix}", 3)
    with pytest.raises(WrongChannels, match="has 2 values a voxel, which are no labels"):
        read_mask(tmp_path, f"two{suffix}", read_image(tmp_path, f"rgb{suffix}", 3))
    with pytest.raises(Undecodable, match="NaN"):
        read_image(tmp_path, f"nan{suffix}", 3)


def test_a_header_that_asks_for_too_much_is_refused(tmp_path: Path) -> None:
    _write(tmp_path / "a.mha")
    data = (tmp_path / "a.mha").read_bytes()
    (tmp_path / "a.mha").write_bytes(data.replace(b"DimSize = 4 3 2", b"DimSize = 40000 30000 20000"))
    with pytest.raises(Undecodable, match="says to hold 40000 x 30000 x 20000"):
        read_image(tmp_path, "a.mha", 3)
