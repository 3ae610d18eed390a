"""Folders that cannot be checked at all, and reading a checked case again."""

import os
from pathlib import Path

import numpy as np
import pytest

from backend.contracts.tasks import ManifestCase
from tests.worker.datasets.fundus_folder import (
    ONE_LABEL_TASK,
    TASK,
    check,
    make_image,
    make_mask,
    write_case,
    write_good_folder,
)
from worker.datasets.folder import read_case


def case_file(folder: Path, position: int = 0, **changes: str) -> ManifestCase:
    fields = (
        check(folder)
        .cases[position]
        .model_dump(include={"name", "split", "image", "mask", "image_sha256", "mask_sha256"})
    )
    return ManifestCase.model_validate({"case_id": "1", **fields, **changes})


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"{tmp_path}/absent is not there: give a folder"):
        check(tmp_path / "absent")


def test_a_file_instead_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ValueError, match="is a file, not a folder"):
        check(tmp_path / "file")


def test_a_folder_without_masks_names_what_it_has(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "outlines").mkdir()
    with pytest.raises(ValueError, match=r"has no folder masks/ or labels/ \(its folders: images/, outlines/\)"):
        check(tmp_path)


def test_no_images_at_all(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="images is empty: put PNG, JPEG, TIFF, BMP, GIF"):
        check(write_good_folder(tmp_path, num_cases=0))


def test_images_that_are_a_link_to_elsewhere(tmp_path: Path) -> None:
    write_good_folder(tmp_path / "other")
    (tmp_path / "site" / "masks").mkdir(parents=True)
    (tmp_path / "site" / "images").symlink_to(tmp_path / "other" / "images")
    with pytest.raises(ValueError, match="leads outside"):
        check(tmp_path / "site")


def test_a_checked_case_is_read(tmp_path: Path) -> None:
    folder = write_good_folder(tmp_path)
    case = read_case(folder, case_file(folder), TASK)
    np.testing.assert_array_equal(case.image, make_image(0))
    np.testing.assert_array_equal(case.structures, [make_mask() > 0, make_mask() == 2])
    assert (case.spacing, case.affine) == (None, None)


def test_white_is_read_as_the_only_label(tmp_path: Path) -> None:
    folder = write_good_folder(tmp_path, num_cases=0)
    write_case(folder, "white", make_image(0), (make_mask() > 0).astype(np.uint8) * 255)
    (checked,) = check(folder, ONE_LABEL_TASK).cases
    file = ManifestCase(
        case_id="1",
        name=checked.name,
        split="train",
        image=checked.image,
        mask=str(checked.mask),
        image_sha256=str(checked.image_sha256),
        mask_sha256=str(checked.mask_sha256),
    )
    case = read_case(folder, file, ONE_LABEL_TASK)
    np.testing.assert_array_equal(case.structures, [make_mask() > 0])


@pytest.mark.parametrize("kind", ["image", "mask"])
def test_a_file_that_changed_is_refused(tmp_path: Path, kind: str) -> None:
    folder = write_good_folder(tmp_path)
    file = case_file(folder)
    path = folder / (file.image if kind == "image" else file.mask)
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(ValueError, match=r"case-0\.png changed since the data set was checked.*check the data set"):
        read_case(folder, file, TASK)


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    folder = write_good_folder(tmp_path)
    file = case_file(folder)
    (folder / file.mask).unlink()
    with pytest.raises(ValueError, match=r"masks/case-0\.png is not there"):
        read_case(folder, file, TASK)


@pytest.mark.parametrize("path", ["../secret.png", "images/../../secret.png", "/etc/hostname"])
def test_a_path_out_of_the_folder_is_refused(tmp_path: Path, path: str) -> None:
    folder = write_good_folder(tmp_path / "site")
    (tmp_path / "secret.png").write_bytes((folder / "images" / "case-0.png").read_bytes())
    with pytest.raises(ValueError, match="leads outside of the data set's folder"):
        read_case(folder, case_file(folder, image=path), TASK)


def test_checking_twice_gives_the_same(tmp_path: Path) -> None:
    folder = write_good_folder(tmp_path, num_cases=9)
    assert check(folder) == check(folder)


def fingerprinted(folder: Path) -> list[tuple[str | None, ...]]:
    """What a data set's fingerprint is made of, case by case in name order."""
    return [(case.name, case.split, case.image_sha256, case.mask_sha256) for case in check(folder).cases]


def test_the_fingerprint_of_files_is_of_their_content(tmp_path: Path) -> None:
    """Not of where they are, nor of the order or the time in which they were written."""
    masks = {f"case-{index}": make_mask() for index in range(6)}
    for folder, names in (("first", list(masks)), ("second", list(masks)[::-1])):
        write_good_folder(tmp_path / folder, num_cases=0)
        for name in names:
            write_case(tmp_path / folder, name, make_image(int(name[-1])), masks[name])
    os.utime(tmp_path / "second" / "images" / "case-2.png", (0, 0))
    assert fingerprinted(tmp_path / "second") == fingerprinted(tmp_path / "first")


@pytest.mark.parametrize(("kind", "position"), [("image", 2), ("mask", 3)])
def test_one_changed_pixel_changes_one_hash(tmp_path: Path, kind: str, position: int) -> None:
    folder = write_good_folder(tmp_path, num_cases=6)
    before = fingerprinted(folder)
    image, mask = make_image(4), make_mask()
    if kind == "image":
        image[0, 0, 0] ^= 1
    else:
        mask[np.nonzero(mask)[0][0], np.nonzero(mask)[1][0]] = 0
    write_case(folder, "case-4", image, mask)
    after = fingerprinted(folder)
    changed = [(case, field) for case in range(6) for field in (2, 3) if before[case][field] != after[case][field]]
    assert changed == [(4, position)]
