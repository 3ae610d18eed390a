"""Repairs of masks: off unless chosen, used where a mask needs them, named where they would help."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from backend.contracts.datasets import CheckedCase, LabelMap, Reading, SplitFractions
from backend.contracts.repairs import Repair, repair_problem, repairs_in_order
from backend.contracts.tasks import ManifestCase
from tests.worker.datasets.fundus_folder import (
    HEIGHT,
    ONE_LABEL_TASK,
    TASK,
    WIDTH,
    case_named,
    make_image,
    make_mask,
    write_case,
    write_good_folder,
)
from worker.datasets.folder import CheckOptions, FolderCheck, check_folder, read_case
from worker.datasets.readers.repairs import cut_at_half, nearest, same_aspect, turned_as

WHITE = (make_mask() > 0).astype(np.uint8) * 255
EXIF_ORIENTATION = 0x0112


def check(folder: Path, *repairs: Repair, **reading: object) -> FolderCheck:
    options = CheckOptions(reading=Reading.model_validate({"repairs": repairs, **reading}))
    return check_folder(folder, ONE_LABEL_TASK, SplitFractions(), 0, options=options)


def one_case(folder: Path, mask: Image.Image, suffix: str = "png", **options: object) -> Path:
    write_good_folder(folder, num_cases=0)
    Image.fromarray(make_image(5)).save(folder / "images" / "a.png")
    mask.save(folder / "masks" / f"a.{suffix}", **options)
    return folder


def read_again(folder: Path, found: FolderCheck, name: str) -> np.ndarray:
    """The structure as a run would read it."""
    fields = case_named(found, name).model_dump(
        include={"name", "split", "image", "mask", "image_sha256", "mask_sha256"}
    )
    file = ManifestCase.model_validate({"case_id": "1", **fields})
    return read_case(folder, file, ONE_LABEL_TASK, found.reading).structures[0]


def assert_mended(folder: Path, found: CheckedCase, *repairs: Repair) -> np.ndarray:
    """Skipped as it is, with these repairs named; used with them, and read before a run as it was checked."""
    assert found.reason_code is not None
    assert found.remedies == repairs
    assert f"check the data set again with {' and '.join(repairs)}" in str(found.reason)
    mended = check(folder, *repairs)
    assert (case_named(mended, "a").reason_code, case_named(mended, "a").repairs) == (None, repairs)
    plane = read_again(folder, mended, "a")
    assert plane.mean() == pytest.approx(case_named(mended, "a").structure_shares["vessel"])
    return plane


@pytest.mark.parametrize("factor", [2, 3])
def test_a_mask_of_another_size_is_resized_to_its_image(tmp_path: Path, factor: int) -> None:
    """Each pixel of the mask stood for a block of pixels: nearest gives exactly the mask back."""
    large = Image.fromarray((make_mask() > 0).astype(np.uint8).repeat(factor, 0).repeat(factor, 1))
    folder = one_case(tmp_path / "site", large)
    skipped = case_named(check(folder), "a")
    assert skipped.reason_code == "size_mismatch"
    np.testing.assert_array_equal(assert_mended(folder, skipped, "resize_masks"), make_mask() > 0)


def test_a_mask_of_another_aspect_ratio_stays_refused(tmp_path: Path) -> None:
    folder = one_case(tmp_path / "site", Image.fromarray((make_mask()[:20] > 0).astype(np.uint8)))
    for found in (check(folder), check(folder, "resize_masks")):
        assert (case_named(found, "a").reason_code, case_named(found, "a").remedies) == ("size_mismatch", ())


@pytest.mark.parametrize(
    ("mask", "image", "agree"),
    [
        ((375, 500), (751, 1000), True),
        ((300, 300), (900, 900), True),
        ((288, 384), (576, 769), True),
        ((16, 16), (940, 1000), False),  # within a pixel of the mask, but 6 % off
        ((480, 640), (640, 480), False),
    ],
)
def test_aspect_ratios_agree_within_rounding(mask: tuple[int, int], image: tuple[int, int], agree: bool) -> None:
    assert same_aspect(mask, image) is agree
    assert same_aspect(image, mask) is agree


def test_nearest_takes_the_pixel_in_which_each_centre_lies() -> None:
    """Of 4 columns to 2, the centres 0.25 and 0.75 lie in columns 1 and 3; the other way each column is there twice."""
    np.testing.assert_array_equal(nearest(np.array([[0, 1, 2, 3]]), (1, 2)), [[1, 3]])
    np.testing.assert_array_equal(nearest(np.array([[7, 9]]), (2, 4)), [[7, 7, 9, 9], [7, 7, 9, 9]])


def test_grey_edges_are_cut_at_half(tmp_path: Path) -> None:
    """127 is less than half of 255, 128 is more."""
    soft = WHITE.copy()
    soft[5, 8:20], soft[14, 8:20] = 127, 128
    folder = one_case(tmp_path / "site", Image.fromarray(soft))
    plane = assert_mended(folder, case_named(check(folder), "a"), "cut_at_half")
    expected = make_mask() > 0
    expected[14, 8:20] = True
    np.testing.assert_array_equal(plane, expected)


def test_a_jpeg_mask_is_cut_at_half(tmp_path: Path) -> None:
    folder = one_case(tmp_path / "site", Image.fromarray(WHITE), "jpg", quality=95)
    plane = assert_mended(folder, case_named(check(folder), "a"), "cut_at_half")
    np.testing.assert_array_equal(plane, make_mask() > 0)


def test_a_jpeg_of_labels_is_not_cut_to_nothing(tmp_path: Path) -> None:
    """Its values are 0 and 1: half of 255 is out of reach, and an empty mask would be a lie, whatever empty means."""
    folder = one_case(tmp_path / "site", Image.fromarray((make_mask() > 0).astype(np.uint8)), "jpg", quality=95)
    for option in (False, True):
        case = case_named(check(folder, "cut_at_half", empty_means_nothing_there=option), "a")
        assert case.reason_code == "unknown_label"
        assert "less than half" in str(case.reason)
        assert case.remedies == ()


def test_interpolated_values_of_an_array_are_cut_at_half(tmp_path: Path) -> None:
    folder = one_case(tmp_path / "site", Image.fromarray(WHITE))
    (folder / "masks" / "a.png").unlink()
    soft = (make_mask() > 0).astype(np.float32)
    soft[5, 8:20], soft[14, 8:20] = 0.4, 0.6
    np.save(folder / "masks" / "a.npy", soft)
    skipped = case_named(check(folder), "a")
    assert skipped.reason_code == "unreadable_mask"
    np.testing.assert_array_equal(assert_mended(folder, skipped, "cut_at_half"), soft > 0.5)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([0, 127, 128, 255], dtype=np.uint8), [0, 0, 1, 1]),
        (np.array([0, 32767, 32768], dtype=np.uint16), [0, 0, 1]),
        (np.array([0, 0.49, 0.5, 1], dtype=np.float32), [0, 0, 1, 1]),
        (np.array([0, 0, 0], dtype=np.uint8), [0, 0, 0]),
        (np.array([0, 1, 3], dtype=np.uint8), None),
        (np.array([0, 0.2], dtype=np.float32), None),
        (np.array([-1.0, 1.0]), None),
        (np.array([0, np.nan]), None),
    ],
)
def test_what_half_is(values: np.ndarray, expected: list[int] | None) -> None:
    found = cut_at_half(values)
    assert (None if found is None else found.tolist()) == expected


def masks_of(folder: Path, *masks: np.ndarray) -> Path:
    """The masks as c0.png, c1.png, ... with an image each."""
    write_good_folder(folder, num_cases=0)
    for index, mask in enumerate(masks):
        write_case(folder, f"c{index}", make_image(index), mask)
    return folder


AREA = make_mask() > 0
LABEL = AREA.astype(np.uint8)
IGNORED_BESIDE = np.where(np.roll(AREA, 12, axis=1), np.uint8(255), LABEL)


@pytest.mark.parametrize("repair", ["cut_at_half", "largest_value"])
def test_an_area_to_leave_out_never_becomes_the_structure(tmp_path: Path, repair: Repair) -> None:
    """The mask that holds the label and 255 shows that white is no structure: neither repair reads it so, there or in
    the mask of white alone, and neither is named as a remedy."""
    folder = masks_of(tmp_path / "site", WHITE, IGNORED_BESIDE, LABEL)
    for found in (check(folder), check(folder, repair)):
        white, beside = found.cases[:2]
        assert (white.reason_code, white.remedies) == ("unknown_label", ())
        assert "hold the label 1 itself" in str(white.reason)
        assert (beside.reason_code, beside.remedies) == ("unknown_label", ())
        assert "ignored_values" in str(beside.reason)


def test_the_same_holds_for_soft_edges_beside_such_a_mask(tmp_path: Path) -> None:
    soft = WHITE.copy()
    soft[4, 8:20] = np.arange(100, 220, 10)
    folder = masks_of(tmp_path / "site", soft, IGNORED_BESIDE, LABEL)
    for found in (check(folder), check(folder, "cut_at_half")):
        assert [case.reason_code for case in found.cases] == ["unknown_label", "unknown_label", None]
        assert not any(case.remedies for case in found.cases)


def test_white_beside_masks_of_the_label_is_refused_with_cut_at_half_too(tmp_path: Path) -> None:
    """Without a mask that needs the repair nobody would look, so the rule without repairs holds."""
    folder = masks_of(tmp_path / "site", WHITE, LABEL, LABEL)
    found = check(folder, "cut_at_half")
    assert [case.reason_code for case in found.cases] == ["unknown_label", None, None]


def test_the_largest_value_of_all_masks_is_the_structure(tmp_path: Path) -> None:
    """Masks of 0, 2 and 7, and of 0 and 2: 7 is the structure in both, so the second has none of it."""
    folder = write_good_folder(tmp_path / "site", num_cases=0)
    both = np.where(make_mask() == 2, 7, np.where(make_mask() == 1, 2, 0)).astype(np.uint8)
    for index in range(4):
        write_case(folder, f"ill-{index}", make_image(index), both)
    write_case(folder, "well", make_image(9), np.where(make_mask() > 0, 2, 0).astype(np.uint8))
    assert case_named(check(folder), "ill-0").remedies == ("largest_value",)
    found = check(folder, "largest_value")
    assert (found.reading.largest_value, case_named(found, "ill-0").repairs) == (7, ("largest_value",))
    np.testing.assert_array_equal(read_again(folder, found, "ill-0"), make_mask() == 2)
    well = case_named(found, "well")
    assert (well.reason_code, well.remedies) == ("empty_mask", ("empty_means_nothing_there",))
    healthy = check(folder, "largest_value", empty_means_nothing_there=True)
    assert case_named(healthy, "well").reason_code is None
    assert not read_again(folder, healthy, "well").any()


@pytest.mark.parametrize("turn", range(2, 9))
def test_a_mask_is_turned_as_its_image(tmp_path: Path, turn: int) -> None:
    """The image is stored turned, with an EXIF orientation; the mask as it is stored, without one."""
    back = {6: 8, 8: 6}.get(turn, turn)
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = turn
    folder = write_good_folder(tmp_path / "site", num_cases=0)
    Image.fromarray(np.ascontiguousarray(turned_as(make_image(5), back))).save(
        folder / "images" / "a.jpg", exif=exif, quality=95
    )
    stored = turned_as((make_mask() > 0).astype(np.uint8), back)
    Image.fromarray(np.ascontiguousarray(stored)).save(folder / "masks" / "a.png")
    plain = case_named(check(folder), "a")
    found = check(folder, "turn_masks")
    case = case_named(found, "a")
    assert (case.width, case.height) == (WIDTH, HEIGHT)
    assert (case.repairs, case.warnings) == (("turn_masks",), ())
    np.testing.assert_array_equal(read_again(folder, found, "a"), make_mask() > 0)
    if turn >= 5:  # 90 degrees: the sizes are exchanged
        assert (plain.reason_code, plain.remedies) == ("size_mismatch", ("turn_masks",))
    else:
        assert [warning.code for warning in plain.warnings] == ["exif_turn"]


def test_a_mask_that_needs_two_repairs_names_both(tmp_path: Path) -> None:
    soft = WHITE.repeat(2, 0).repeat(2, 1)
    soft[1, 1] = 3
    folder = one_case(tmp_path / "site", Image.fromarray(soft))
    plane = assert_mended(folder, case_named(check(folder), "a"), "resize_masks", "cut_at_half")
    np.testing.assert_array_equal(plane, make_mask() > 0)


def test_an_empty_mask_of_another_size_names_what_it_needs(tmp_path: Path) -> None:
    folder = one_case(tmp_path / "site", Image.new("L", (2 * WIDTH, 2 * HEIGHT)))
    assert case_named(check(folder), "a").remedies == ("resize_masks", "empty_means_nothing_there")


def test_masks_that_need_no_repair_are_as_they_were(tmp_path: Path) -> None:
    """Beside one that does: counted for that one alone."""
    folder = write_good_folder(tmp_path / "site", num_cases=0)
    for index in range(3):
        write_case(folder, f"good-{index}", make_image(index), WHITE)
    soft = WHITE.copy()
    soft[0, 0] = 200
    write_case(folder, "soft", make_image(8), soft)
    found = check(folder, "resize_masks", "turn_masks", "cut_at_half")
    assert Counter(case.repairs for case in found.cases) == {(): 3, ("cut_at_half",): 1}
    np.testing.assert_array_equal(read_again(folder, found, "good-0"), make_mask() > 0)


def test_a_forgotten_label_of_several_structures_is_never_repaired(tmp_path: Path) -> None:
    folder = write_good_folder(tmp_path / "site")
    write_case(folder, "odd", make_image(9), np.full_like(make_mask(), 7))
    found = check_folder(folder, TASK, SplitFractions(), 0)
    assert (case_named(found, "odd").reason_code, case_named(found, "odd").remedies) == ("unknown_label", ())


def test_choices_that_mean_nothing_are_refused(tmp_path: Path) -> None:
    label_map = LabelMap.model_validate({"structures": {"vessel": {"values": [3]}}})
    assert repair_problem(("resize_masks", "turn_masks"), TASK, True) is None
    for repairs, task, mapped, words in (
        (("cut_at_half",), TASK, False, "2 structures"),
        (("cut_at_half", "largest_value"), ONE_LABEL_TASK, False, "two ways"),
        (("largest_value",), ONE_LABEL_TASK, True, "label map"),
    ):
        problem = repair_problem(repairs, task, mapped)
        assert problem is not None
        assert words in problem[0]
    with pytest.raises(ValueError, match=r"repairs cut_at_half: .*keep one of the two"):
        check(one_case(tmp_path / "site", Image.fromarray(WHITE)), "cut_at_half", label_map=label_map)


def test_equal_choices_are_equal() -> None:
    assert repairs_in_order(("cut_at_half", "resize_masks", "cut_at_half")) == ("resize_masks", "cut_at_half")
    assert Reading(repairs=("cut_at_half", "resize_masks")) == Reading(repairs=("resize_masks", "cut_at_half"))
