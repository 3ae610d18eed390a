"""Masks are read by what they show: palettes, white, EXIF turns; contradictions inside one data set are refused."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from backend.contracts.datasets import CheckedCase, LabelMap, Reading, SplitFractions
from backend.contracts.task_definition import SegmentationTask, Structure
from tests.worker.datasets.fundus_folder import HEIGHT, ONE_LABEL_TASK, WIDTH, case_named, make_image
from worker.datasets.folder import CheckOptions, FolderCheck, check_folder

RIM_AND_CUP = SegmentationTask(
    structures=(Structure(name="rim", label_values=(1,)), Structure(name="cup", label_values=(2,)))
)
FORMATS = [".png", ".gif", ".bmp", ".tif"]
BLACK, GREY, WHITE, RED, BLUE = (0, 0, 0), (128, 128, 128), (255, 255, 255), (200, 0, 0), (0, 0, 200)


def labels_of(*areas: int) -> np.ndarray:
    """0 with 96, then 24 pixels of the labels given."""
    labels = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    for label, area in zip(areas, (np.s_[6:14, 8:20], np.s_[8:12, 10:16]), strict=False):
        labels[area] = label
    return labels


def put_image(root: Path, name: str, seed: int, suffix: str = ".png", turn: int | None = None) -> None:
    exif = Image.Exif()
    if turn is not None:
        exif[0x0112] = turn
    (root / "images").mkdir(parents=True, exist_ok=True)
    Image.fromarray(make_image(seed)).save(root / "images" / f"{name}{suffix}", exif=exif)


def put_mask(root: Path, name: str, picture: Image.Image, suffix: str = ".png", turn: int | None = None) -> None:
    exif = Image.Exif()
    if turn is not None:
        exif[0x0112] = turn
    (root / "masks").mkdir(parents=True, exist_ok=True)
    options = {} if turn is None else {"exif": exif}
    picture.save(root / "masks" / f"{name}{suffix}", **options)


def palette_picture(labels: np.ndarray, *colours: tuple[int, int, int]) -> Image.Image:
    picture = Image.fromarray(labels, mode="P")
    picture.putpalette([value for colour in colours for value in colour])
    return picture


def put_palettes(root: Path, *cases: tuple[np.ndarray, tuple[tuple[int, int, int], ...]], suffix: str = ".png") -> Path:
    for number, (labels, colours) in enumerate(cases):
        put_image(root, f"c{number}", number)
        put_mask(root, f"c{number}", palette_picture(labels, *colours), suffix)
    return root


def check(root: Path, task: SegmentationTask, label_map: LabelMap | None = None) -> FolderCheck:
    return check_folder(root, task, SplitFractions(), 0, options=CheckOptions(reading=Reading(label_map=label_map)))


def sizes(case: CheckedCase) -> dict[str, int]:
    assert case.reason is None, case.reason
    return {name: round(size) for name, size in case.structure_sizes.items()}


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(("structure", "colours"), [(0, (WHITE, BLACK)), (1, (BLACK, WHITE))])
def test_black_and_white_palettes_are_read_by_brightness(
    tmp_path: Path, suffix: str, structure: int, colours: tuple[tuple[int, int, int], ...]
) -> None:
    labels = np.full((HEIGHT, WIDTH), 1 - structure, dtype=np.uint8)
    labels[6:14, 8:20] = structure
    found = check(put_palettes(tmp_path, (labels, colours), suffix=suffix), ONE_LABEL_TASK)
    assert sizes(case_named(found, "c0")) == {"vessel": 96}


def test_black_and_white_masks_of_all_kinds_stand_beside_plain_labels(tmp_path: Path) -> None:
    """One bit a pixel, or a palette: white is the structure, and no number of theirs says more."""
    put_palettes(tmp_path, (labels_of(1), (BLACK, WHITE)), (1 - labels_of(1), (WHITE, BLACK)))
    for number, picture in enumerate([Image.fromarray(labels_of(1) > 0), Image.fromarray(labels_of(1))], start=2):
        put_image(tmp_path, f"c{number}", number)
        put_mask(tmp_path, f"c{number}", picture)
    assert [sizes(case) for case in check(tmp_path, ONE_LABEL_TASK).cases] == [{"vessel": 96}] * 4


@pytest.mark.parametrize("suffix", FORMATS)
def test_grey_palettes_of_another_order_are_refused_and_read_by_the_greys_that_a_label_map_names(
    tmp_path: Path, suffix: str
) -> None:
    ordered, exchanged = (labels_of(1, 2), (BLACK, GREY, WHITE)), (labels_of(2, 1), (BLACK, WHITE, GREY))
    root = put_palettes(tmp_path, ordered, exchanged, suffix=suffix)
    cases = check(root, RIM_AND_CUP).cases
    assert [case.reason_code for case in cases] == ["unknown_label"] * 2
    assert "palettes differ" in str(cases[0].reason)
    label_map = LabelMap.model_validate({"structures": {"rim": {"values": [128]}, "cup": {"values": [255]}}})
    assert [sizes(case) for case in check(root, RIM_AND_CUP, label_map).cases] == [{"rim": 72, "cup": 24}] * 2


def test_grey_palettes_that_agree_and_grow_with_the_labels_are_read_by_them(tmp_path: Path) -> None:
    palette = (BLACK, GREY, WHITE)
    root = put_palettes(tmp_path, (labels_of(1, 2), palette), (labels_of(1), palette), (labels_of(2), palette))
    assert [sizes(case) for case in check(root, RIM_AND_CUP).cases] == [
        {"rim": 72, "cup": 24},
        {"rim": 96, "cup": 0},
        {"rim": 0, "cup": 96},
    ]


def test_a_compact_palette_beside_whole_ones_is_refused(tmp_path: Path) -> None:
    """A mask without rim, saved with the colours that it uses: its 1 is shown as the others show their 2."""
    whole = (labels_of(1, 2), (BLACK, GREY, WHITE))
    cases = check(put_palettes(tmp_path, whole, whole, (labels_of(1), (BLACK, WHITE))), RIM_AND_CUP).cases
    assert [case.reason_code for case in cases] == [None, None, "unknown_label"]
    assert "shows the value 1 as white" in str(cases[2].reason)


@pytest.mark.parametrize("suffix", FORMATS)
def test_colour_palettes_that_differ_are_refused(tmp_path: Path, suffix: str) -> None:
    first, second = (labels_of(1, 2), (BLACK, RED, BLUE)), (labels_of(2, 1), (BLACK, BLUE, RED))
    both = check(put_palettes(tmp_path / "two", first, second, suffix=suffix), RIM_AND_CUP).cases
    assert [case.reason_code for case in both] == ["unknown_label"] * 2
    odd_one = check(put_palettes(tmp_path / "three", first, second, first, suffix=suffix), RIM_AND_CUP).cases
    assert [case.reason_code for case in odd_one] == [None, "unknown_label", None]
    assert sizes(odd_one[0]) == {"rim": 72, "cup": 24}


@pytest.mark.parametrize(
    ("colours", "words"),
    [
        ((RED, BLACK, BLUE), "shows its value 1 as black"),
        ((RED, WHITE, BLUE), "shows its value 1 as white and the background, 0, as #c80000"),
        ((BLACK, RED, RED), "shows its values 1, 2 in one colour"),
        ((BLACK, BLACK, BLACK), "shows all of its values in one colour"),
    ],
)
def test_palettes_that_show_something_else_than_the_labels_are_refused(
    tmp_path: Path, colours: tuple[tuple[int, int, int], ...], words: str
) -> None:
    (case,) = check(put_palettes(tmp_path, (labels_of(1, 2), colours)), RIM_AND_CUP).cases
    assert case.reason_code in ("unknown_label", "unreadable_mask")
    assert words in str(case.reason)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp", ".npy"])
def test_white_is_not_the_label_where_another_mask_holds_the_label(tmp_path: Path, suffix: str) -> None:
    """What 255 means is decided for the data set, whatever the order of its masks."""
    masks = [labels_of(255), labels_of(1, 255), labels_of(1)]
    for number, labels in enumerate(masks):
        put_image(tmp_path, f"c{number}", number)
        (tmp_path / "masks").mkdir(exist_ok=True)
        if suffix == ".npy":
            np.save(tmp_path / "masks" / f"c{number}.npy", labels)
        else:
            put_mask(tmp_path, f"c{number}", Image.fromarray(labels), suffix)
    cases = check(tmp_path, ONE_LABEL_TASK).cases
    assert [case.reason_code for case in cases] == ["unknown_label", "unknown_label", None]
    assert "hold the label 1 itself" in str(cases[0].reason)
    label_map = LabelMap.model_validate({"structures": {"vessel": {"values": [1]}}, "ignored_values": [255]})
    mapped = check(tmp_path, ONE_LABEL_TASK, label_map).cases
    assert [case.reason_code for case in mapped] == ["empty_mask", None, None]


def test_the_duplicate_of_a_case_that_is_refused_later_is_used(tmp_path: Path) -> None:
    """c0 is refused for what c2 holds, so c1 with the same pixels is no duplicate of a used case."""
    for number, labels in enumerate([labels_of(255), labels_of(1), labels_of(1)]):
        put_image(tmp_path, f"c{number}", max(number, 1))
        put_mask(tmp_path, f"c{number}", Image.fromarray(labels))
    assert [case.reason_code for case in check(tmp_path, ONE_LABEL_TASK).cases] == ["unknown_label", None, None]


@pytest.mark.parametrize(
    ("image_turn", "mask_turn", "warned"), [(3, None, 1), (3, 3, 0), (None, 2, 1), (None, None, 0)]
)
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
def test_only_one_turned_by_exif_is_a_warning(
    tmp_path: Path, suffix: str, image_turn: int | None, mask_turn: int | None, warned: int
) -> None:
    put_image(tmp_path, "c0", 0, suffix, image_turn)
    put_mask(tmp_path, "c0", Image.fromarray(labels_of(1)), turn=mask_turn)
    (case,) = check(tmp_path, ONE_LABEL_TASK).cases
    assert case.reason is None
    assert [warning.code for warning in case.warnings] == ["exif_turn"] * warned


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
@pytest.mark.parametrize("turn", [5, 6, 7, 8])
def test_sizes_that_only_exif_exchanges_name_it(tmp_path: Path, suffix: str, turn: int) -> None:
    put_image(tmp_path, "c0", 0, suffix, turn)
    put_mask(tmp_path, "c0", Image.fromarray(labels_of(1)))
    (case,) = check(tmp_path, ONE_LABEL_TASK).cases
    assert case.reason_code == "size_mismatch"
    assert "its image is turned by its EXIF orientation" in str(case.reason)


def test_a_quarter_turn_of_a_square_is_a_warning(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    for kind in ("images", "masks"):
        (tmp_path / kind).mkdir()
    Image.fromarray(make_image(0)[:, :HEIGHT]).save(tmp_path / "images" / "c0.jpg", exif=exif)
    put_mask(tmp_path, "c0", Image.fromarray(labels_of(1)[:, :HEIGHT]))
    (case,) = check(tmp_path, ONE_LABEL_TASK).cases
    assert [warning.code for warning in case.warnings] == ["exif_turn"]
