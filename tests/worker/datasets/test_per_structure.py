"""One mask file for each structure: folders of cases, folders of structures, all of a case in one folder."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from backend.contracts.datasets import LabelMap, Layout, ManifestCase, Reading, SplitFractions
from backend.contracts.repairs import Repair
from backend.contracts.task_definition import SegmentationTask, Structure
from tests.worker.datasets.test_layouts import put_image, put_mask
from worker.datasets.data_problem import DataProblem
from worker.datasets.folder import CheckOptions, FolderCheck, check_folder, read_case

TASK = SegmentationTask(
    structures=(Structure(name="liver", label_values=(1,)), Structure(name="spleen", label_values=(2,)))
)
SIZES = {"liver": 60.0, "spleen": 30.0}


def area(rows: int, value: int = 1) -> np.ndarray:
    mask = np.zeros((24, 32), dtype=np.uint8)
    mask[:rows, :10] = value
    return mask


def check(
    root: Path,
    layout: Layout = "auto",
    label_map: LabelMap | None = None,
    repairs: tuple[Repair, ...] = (),
    task: SegmentationTask = TASK,
) -> FolderCheck:
    options = CheckOptions(layout=layout, reading=Reading(label_map=label_map, repairs=repairs))
    return check_folder(root, task, SplitFractions(), 0, options=options)


ARRANGEMENTS = {
    "a folder for each case": ("images/{case}.png", "masks/{case}/{structure}.png"),
    "labels instead of masks": ("images/{case}.png", "labels/{case}/{structure}.png"),
    "files that carry the case's name": ("images/{case}.png", "masks/{case}/{case}_{structure}.png"),
    "an image in a folder of its own": ("images/{case}/photograph.png", "masks/{case}/{structure}.png"),
    "folders within folders": ("images/ward/{case}.png", "masks/ward/{case}/{structure}.png"),
    "a folder for each structure": ("images/{case}.png", "masks/{structure}/{case}.png"),
    "all of a case in one folder": ("{case}/photograph.png", "{case}/segmentations/{structure}.png"),
}


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_arrangements(tmp_path: Path, arrangement: str) -> None:
    image, mask = ARRANGEMENTS[arrangement]
    for number, case in enumerate(("s0", "s1", "s2")):
        put_image(tmp_path, image.format(case=case), number)
        put_mask(tmp_path, mask.format(case=case, structure="liver"), area(6))
        put_mask(tmp_path, mask.format(case=case, structure="spleen"), area(3, 255))
    found = check(tmp_path)
    assert [case.reason for case in found.cases] == [None] * 3
    assert found.layout == "per_structure"
    names = [case.name for case in found.cases]
    assert names == ([f"ward_s{n}" for n in range(3)] if "ward" in image else ["s0", "s1", "s2"])
    assert [case.structure_sizes for case in found.cases] == [SIZES] * 3
    assert check(tmp_path, "per_structure").cases == found.cases


def test_nested_folders_of_images_and_masks_are_pairs(tmp_path: Path) -> None:
    for number, name in enumerate(("P01/left", "P01/right", "P02/a/left")):
        put_image(tmp_path, f"images/{name}.png", number)
        put_mask(tmp_path, f"masks/{name}.png", area(6))
    found = check(tmp_path)
    assert [case.name for case in found.cases] == ["P01_left", "P01_right", "P02_a_left"]
    assert found.layout == "folders"
    assert [case.reason for case in found.cases] == [None] * 3


def folder_with_parts(root: Path) -> Path:
    put_image(root, "images/s0.png", 0)
    put_mask(root, "masks/s0/liver.png", area(6))
    put_mask(root, "masks/s0/spleen.png", area(3))
    return root


def test_an_unnamed_structure_is_refused_until_it_is_mapped_or_ignored(tmp_path: Path) -> None:
    put_mask(folder_with_parts(tmp_path), "masks/s0/aorta.png", area(2))
    (case,) = check(tmp_path).cases
    assert case.reason_code == "unknown_label"
    assert "holds aorta, which no structure is mapped to" in str(case.reason)
    structures = {"liver": {"names": ["Liver"]}, "spleen": {"names": ["spleen"]}}
    for ignored in ("aorta", "*"):
        label_map = LabelMap.model_validate({"structures": structures, "ignored_names": [ignored]})
        assert check(tmp_path, label_map=label_map).cases[0].structure_sizes == SIZES


@pytest.mark.parametrize(
    ("mask", "code", "words"),
    [
        (area(3) + area(1), "unknown_label", "masks/s0/spleen.png holds the values 1, 2 besides 0"),
        (area(3)[:, :20], "size_mismatch", "masks/s0/spleen.png has 20 x 24 pixels"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, mask: np.ndarray, code: str, words: str) -> None:
    put_mask(folder_with_parts(tmp_path), "masks/s0/spleen.png", mask)
    (case,) = check(tmp_path).cases
    assert (case.reason_code, words in str(case.reason)) == (code, True)


def test_two_files_of_one_structure_are_named(tmp_path: Path) -> None:
    Image.fromarray(area(2)).save(folder_with_parts(tmp_path) / "masks" / "s0" / "liver.bmp")
    (case,) = check(tmp_path).cases
    assert case.reason_code == "duplicate"
    assert "masks/s0/liver.bmp" in str(case.reason)


def test_single_files_may_be_masks_of_labels(tmp_path: Path) -> None:
    for number in range(2):
        put_image(tmp_path, f"images/s{number}.png", number)
        put_mask(tmp_path, f"masks/s{number}/segmentation.png", area(6) + area(3))
    assert [case.structure_sizes for case in check(tmp_path).cases] == [{"liver": 30.0, "spleen": 30.0}] * 2


def test_a_checked_case_is_read_again_and_exchanged_files_are_noticed(tmp_path: Path) -> None:
    (checked,) = check(folder_with_parts(tmp_path)).cases
    case = ManifestCase.model_validate(
        {
            **checked.model_dump(
                include={"name", "split", "image", "mask", "image_sha256", "mask_sha256", "mask_parts"}
            ),
            "case_id": "1",
        }
    )
    structures = read_case(tmp_path, case, TASK).structures
    assert [int(plane.sum()) for plane in structures] == [60, 30]
    liver, spleen = tmp_path / "masks" / "s0" / "liver.png", tmp_path / "masks" / "s0" / "spleen.png"
    first, second = liver.read_bytes(), spleen.read_bytes()
    liver.write_bytes(second)
    spleen.write_bytes(first)
    with pytest.raises(DataProblem, match="changed since the data set was checked"):
        read_case(tmp_path, case, TASK)


def save_turned(path: Path, turn: int) -> None:
    """The picture again, with an EXIF orientation."""
    exif = Image.Exif()
    exif[0x0112] = turn
    with Image.open(path) as picture:
        picture.load()
    picture.save(path, exif=exif)


def test_each_file_is_compared_with_the_image_s_turn(tmp_path: Path) -> None:
    """Image and masks turned alike need no warning; each file that is not turned as the image is named."""
    folder = folder_with_parts(tmp_path)
    paths = ["images/s0.png", "masks/s0/liver.png", "masks/s0/spleen.png"]
    for turned, named in (((0,), paths[1:]), ((1,), paths[1:2]), ((0, 1, 2), []), ((0, 2), paths[1:2])):
        for number, path in enumerate(paths):
            save_turned(folder / path, 3 if number in turned else 1)
        (case,) = check(folder).cases
        assert case.reason is None
        assert [warning.code for warning in case.warnings] == ["exif_turn"] * len(named)
        assert all(path in warning.message for path, warning in zip(named, case.warnings, strict=True))


ONE = SegmentationTask(structures=(Structure(name="liver", label_values=(1,)),))


def two_livers(root: Path, first: np.ndarray, second: np.ndarray) -> Path:
    for number, mask in enumerate((first, second)):
        put_image(root, f"images/s{number}.png", number)
        put_mask(root, f"masks/s{number}/s{number}_liver.png", mask)
    return root


@pytest.mark.parametrize("repairs", [(), ("cut_at_half",)])
def test_white_is_not_the_structure_where_other_files_hold_another_value(
    tmp_path: Path, repairs: tuple[Repair, ...]
) -> None:
    """As with masks of labels: an area to leave out is white beside the structure, and in one file it is alone."""
    both = area(6)
    both[10:14] = 255
    for name, second, expected in (
        ("both", both, ["unknown_label", "unknown_label"]),
        ("soft", both, ["unknown_label", "unknown_label"]),
        ("one", area(6), ["unknown_label", None]),
        ("white", area(6, 255), [None, None]),
    ):
        first = area(3, 255)
        first[3, :10] = np.arange(60, 160, 10) if name == "soft" else 0
        found = check(two_livers(tmp_path / name, first, second), repairs=repairs, task=ONE)
        assert [case.reason_code for case in found.cases] == expected
        assert not any(case.remedies for case in found.cases)


def test_repairs_are_applied_to_each_file_and_named_where_they_help(tmp_path: Path) -> None:
    """One file of another size, one turned as the image is not, one with soft edges."""
    put_mask(folder_with_parts(tmp_path / "large"), "masks/s0/spleen.png", area(3).repeat(2, 0).repeat(2, 1))
    (skipped,) = check(tmp_path / "large").cases
    assert (skipped.reason_code, skipped.remedies) == ("size_mismatch", ("resize_masks",))
    (case,) = check(tmp_path / "large", repairs=("resize_masks",)).cases
    assert (case.structure_sizes, case.repairs) == (SIZES, ("resize_masks",))

    save_turned(folder_with_parts(tmp_path / "turned") / "images/s0.png", 3)
    (case,) = check(tmp_path / "turned", repairs=("turn_masks",)).cases
    assert (case.warnings, case.repairs) == ((), ("turn_masks",))

    soft = area(6, 255)
    soft[6, :10] = np.arange(60, 160, 10)
    two_livers(tmp_path / "soft", soft, area(3, 255))
    assert [case.remedies for case in check(tmp_path / "soft", task=ONE).cases] == [("cut_at_half",), ()]
    found = check(tmp_path / "soft", repairs=("cut_at_half",), task=ONE).cases
    assert [case.repairs for case in found] == [("cut_at_half",), ()]
    assert found[0].structure_sizes == {"liver": 60.0 + 3}
