"""BIDS: a mask belongs to one image on one grid; masks that differ in their label are one case's structures."""

from pathlib import Path

import numpy as np
import pytest

from backend.contracts.datasets import CheckedCase, SplitFractions
from backend.contracts.task_definition import SegmentationTask, Structure
from tests.worker.datasets.test_layouts import put_image, put_mask
from worker.datasets.folder import FolderCheck, check_folder

TASK = SegmentationTask(structures=(Structure(name="a", label_values=(1,)), Structure(name="b", label_values=(2,))))


def area(rows: int) -> np.ndarray:
    mask = np.zeros((24, 32), dtype=np.uint8)
    mask[:rows, :10] = 1
    return mask


def image(root: Path, name: str, seed: int) -> None:
    put_image(root, f"{name.split('_')[0]}/anat/{name}.png", seed)


def mask(root: Path, name: str, rows: int = 6) -> None:
    put_mask(root, f"derivatives/manual/{name.split('_')[0]}/anat/{name}.png", area(rows))


def check(root: Path) -> FolderCheck:
    return check_folder(root, TASK, SplitFractions(), 0)


def by_name(found: FolderCheck) -> dict[str, CheckedCase]:
    return {case.name: case for case in found.cases}


def test_a_mask_that_several_images_match_is_used_for_none_and_named(tmp_path: Path) -> None:
    image(tmp_path, "sub-01_ses-1_T1w", 1)
    image(tmp_path, "sub-01_ses-2_T1w", 2)
    mask(tmp_path, "sub-01_mask")
    found = check(tmp_path)
    assert [case.reason_code for case in found.cases] == ["no_mask", "no_mask"]
    assert (
        "sub-01_mask.png could be the mask of sub-01/anat/sub-01_ses-1_T1w.png and of sub-01/anat/sub-01_ses-2"
        in str(found.cases[0].reason)
    )
    assert any("1 mask(s) below derivatives/ are left out, because several images" in text for text in found.warnings)


def test_a_mask_of_one_of_them_is_used_beside_it(tmp_path: Path) -> None:
    image(tmp_path, "sub-01_ses-1_T1w", 1)
    image(tmp_path, "sub-01_ses-2_T1w", 2)
    mask(tmp_path, "sub-01_mask")
    mask(tmp_path, "sub-01_ses-2_mask")
    cases = by_name(check(tmp_path))
    assert cases["sub-01_ses-1_T1w"].reason_code == "no_mask"
    assert str(cases["sub-01_ses-2_T1w"].mask).endswith("sub-01_ses-2_mask.png")


@pytest.mark.parametrize(
    ("entities", "is_used"),
    [("", True), ("_space-orig", True), ("_space-T1w", True), ("_space-MNI152", False), ("_res-2", False)],
)
def test_a_mask_on_another_grid_is_left_out(tmp_path: Path, entities: str, is_used: bool) -> None:
    image(tmp_path, "sub-01_T1w", 1)
    mask(tmp_path, f"sub-01{entities}_mask")
    found = check(tmp_path)
    (case,) = found.cases
    assert (case.reason_code is None) == is_used
    if not is_used:
        assert "lies on another grid" in str(case.reason)
        assert any("they lie on another grid" in text for text in found.warnings)


def test_masks_that_differ_in_their_label_are_structures_of_one_case(tmp_path: Path) -> None:
    image(tmp_path, "sub-01_T1w", 1)
    mask(tmp_path, "sub-01_label-a_mask", 6)
    mask(tmp_path, "sub-01_label-b_mask", 3)
    image(tmp_path, "sub-02_T1w", 2)
    mask(tmp_path, "sub-02_label-b_mask", 4)
    cases = by_name(check(tmp_path))
    assert cases["sub-01_T1w"].structure_sizes == {"a": 60, "b": 30}
    assert cases["sub-01_T1w"].mask == "derivatives/manual/sub-01/anat"
    assert set(cases["sub-01_T1w"].mask_parts) == {"a", "b"}
    assert cases["sub-02_T1w"].structure_sizes == {"a": 0, "b": 40}


def test_a_label_that_the_task_does_not_know_is_refused_where_labels_are_structures(tmp_path: Path) -> None:
    image(tmp_path, "sub-01_T1w", 1)
    mask(tmp_path, "sub-01_label-a_mask")
    mask(tmp_path, "sub-01_label-c_mask")
    (case,) = check(tmp_path).cases
    assert case.reason_code == "unknown_label"
    assert "holds c, which no structure is mapped to" in str(case.reason)


def test_a_single_labelled_mask_is_read_by_its_name_where_it_is_one_else_by_its_integers(tmp_path: Path) -> None:
    image(tmp_path, "sub-01_T1w", 1)
    mask(tmp_path, "sub-01_label-b_mask")
    image(tmp_path, "sub-02_T1w", 2)
    mask(tmp_path, "sub-02_label-lesion_mask")
    cases = by_name(check(tmp_path))
    assert cases["sub-01_T1w"].structure_sizes == {"a": 0, "b": 60}
    assert cases["sub-02_T1w"].structure_sizes == {"a": 60, "b": 0}


def test_two_raters_masks_are_still_two_masks_of_one_image(tmp_path: Path) -> None:
    image(tmp_path, "sub-01_T1w", 1)
    mask(tmp_path, "sub-01_desc-one_mask")
    mask(tmp_path, "sub-01_desc-two_mask")
    (case,) = check(tmp_path).cases
    assert case.reason_code == "duplicate"
