import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.worker.datasets.readers.medical_files import write_nifti
from worker.datasets.readers import (
    LabelMask,
    Undecodable,
    WrongDimensions,
    WrongGeometry,
    content_sha256,
    read_image,
    read_mask,
)

PICTURE = np.arange(12, dtype=np.uint8).reshape(3, 4)
VOLUME = np.arange(24, dtype=np.int16).reshape(2, 3, 4)


@pytest.mark.parametrize(
    ("array", "dimensions", "expected"),
    [
        (PICTURE, 2, PICTURE[..., None]),
        (PICTURE[..., None], 2, PICTURE[..., None]),
        (PICTURE[None], 2, PICTURE[..., None]),
        (np.stack([PICTURE] * 3, axis=-1), 2, np.stack([PICTURE] * 3, axis=-1)),
        (VOLUME, 3, VOLUME[..., None]),
        (VOLUME[..., None], 3, VOLUME[..., None]),
        (np.asfortranarray(VOLUME.astype(">f8")), 3, VOLUME[..., None]),
    ],
)
def test_images(tmp_path: Path, array: np.ndarray, dimensions: int, expected: np.ndarray) -> None:
    np.save(tmp_path / "a.npy", array)
    np.savez_compressed(tmp_path / "a.npz", array)
    for name in ("a.npy", "a.npz"):
        image = read_image(tmp_path, name, dimensions)
        assert np.array_equal(image.pixels, expected)
        assert image.pixels.dtype == (np.float32 if array.dtype.kind == "f" else array.dtype)
        assert image.spacing is None
        assert image.sha256 == content_sha256(tmp_path, name)


@pytest.mark.parametrize(("shape", "dimensions"), [((3, 5, 4), 2), ((3, 4), 3), ((2, 3, 4, 17), 3), ((4,), 2)])
def test_other_shapes_are_refused(tmp_path: Path, shape: tuple[int, ...], dimensions: int) -> None:
    np.save(tmp_path / "a.npy", np.zeros(shape))
    with pytest.raises(WrongDimensions, match=rf"shape \[{shape[0]}.*the task is {dimensions}D: save it as \["):
        read_image(tmp_path, "a.npy", dimensions)


def test_an_npz_file_needs_one_array_or_the_known_key(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", image=PICTURE, mask=PICTURE % 2)
    np.savez(tmp_path / "b.npz", x=PICTURE, y=PICTURE)
    image = read_image(tmp_path, "a.npz", 2)
    assert np.array_equal(image.pixels[..., 0], PICTURE)
    mask = read_mask(tmp_path, "a.npz", image)
    assert isinstance(mask, LabelMask)
    assert np.array_equal(mask.labels, PICTURE % 2)
    with pytest.raises(Undecodable, match="holds the arrays x, y: save one array, or call the wanted one `image`"):
        read_image(tmp_path, "b.npz", 2)
    with pytest.raises(Undecodable, match="`mask`"):
        read_mask(tmp_path, "b.npz", image)


def test_pickled_objects_are_never_loaded(tmp_path: Path) -> None:
    objects = np.array([{"a": 1}], dtype=object)
    np.save(tmp_path / "a.npy", objects, allow_pickle=True)
    np.savez(tmp_path / "a.npz", objects)
    for name in ("a.npy", "a.npz"):
        with pytest.raises(Undecodable, match="Python objects, which are not read"):
            read_image(tmp_path, name, 2)


def test_sizes_are_checked_before_memory_is_taken(tmp_path: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (100_000, 100_000)})
    (tmp_path / "a.npy").write_bytes(header.getvalue())
    with pytest.raises(Undecodable, match="says to hold 100000 x 100000 voxels"):
        read_image(tmp_path, "a.npy", 2)
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("arr_0.npy", header.getvalue())
    with pytest.raises(Undecodable, match="says to hold"):
        read_image(tmp_path, "a.npz", 2)


def test_a_mask_without_position_does_not_lie_on_an_image_with_one(tmp_path: Path) -> None:
    write_nifti(tmp_path / "a.nii", VOLUME)
    np.save(tmp_path / "m.npy", VOLUME % 2)
    np.save(tmp_path / "a.npy", VOLUME)
    with pytest.raises(WrongGeometry, match="does not say how the patient lies, its image does"):
        read_mask(tmp_path, "m.npy", read_image(tmp_path, "a.nii", 3))
    with pytest.raises(WrongGeometry, match="says how the patient lies, its image does not"):
        read_mask(tmp_path, "a.nii", read_image(tmp_path, "a.npy", 3))
    mask = read_mask(tmp_path, "m.npy", read_image(tmp_path, "a.npy", 3))
    assert isinstance(mask, LabelMask)
    assert np.array_equal(mask.labels, VOLUME % 2)


def test_values_that_are_no_labels_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", PICTURE)
    np.save(tmp_path / "m.npy", PICTURE / 2)
    with pytest.raises(Undecodable, match="no whole numbers"):
        read_mask(tmp_path, "m.npy", read_image(tmp_path, "a.npy", 2))
