"""Every reason why a case is not used, each shown by a real file, and none of them touches the other cases."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from backend.contracts.tasks import CheckedCase, SplitFractions
from tests.worker.datasets.fundus_folder import (
    HEIGHT,
    ONE_LABEL_TASK,
    TASK,
    WIDTH,
    case_named,
    check,
    make_image,
    make_mask,
    write_case,
    write_good_folder,
)
from worker.datasets.folder import check_folder


def spoil(tmp_path: Path, change: Callable[[Path], object], name: str = "bad") -> CheckedCase:
    """The case `bad` beside three good ones, which must stay used."""
    folder = write_good_folder(tmp_path / "site")
    write_case(folder, "bad", make_image(99), make_mask())
    change(folder)
    found = check(folder)
    used = [case.name for case in found.cases if case.reason_code is None and case.name != name]
    assert used == ["case-0", "case-1", "case-2"]
    return case_named(found, name)


def assert_skipped(case: CheckedCase, code: str, *words: str) -> None:
    assert case.reason_code == code, case.reason
    assert case.split is None
    for word in words:
        assert word in str(case.reason)


def save_image(picture: Image.Image, suffix: str = "png", **options: object) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / "images" / "bad.png").unlink()
        picture.save(folder / "images" / f"bad.{suffix}", **options)

    return write


def save_mask(mask: np.ndarray, suffix: str = "png", **options: object) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / "masks" / "bad.png").unlink()
        Image.fromarray(mask).save(folder / "masks" / f"bad.{suffix}", **options)

    return write


def test_a_good_case_is_described(tmp_path: Path) -> None:
    """Of 24 x 32 = 768 pixels the disc has 96 (1/8) and the cup 24 (1/32)."""
    found = check(write_good_folder(tmp_path / "site"))
    case = found.cases[0]
    assert (case.name, case.image, case.mask) == ("case-0", "images/case-0.png", "masks/case-0.png")
    assert (case.width, case.height) == (WIDTH, HEIGHT)
    assert case.structure_shares == {"optic disc": 1 / 8, "optic cup": 1 / 32}
    assert case.mean_intensity == pytest.approx(make_image(0).mean(axis=(0, 1)) / 255, abs=1e-5)
    assert len(str(case.image_sha256)) == len(str(case.mask_sha256)) == 64
    assert {case.split for case in found.cases} == {"train", "val", "test"}


def test_the_histogram_is_of_used_pixels(tmp_path: Path) -> None:
    """Half black, half white: bins 0 and 31 of 32 hold a half each."""
    folder = write_good_folder(tmp_path / "site", num_cases=0)
    image = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    image[: HEIGHT // 2] = 255
    write_case(folder, "a", image, make_mask())
    write_case(folder, "empty", make_image(1), np.zeros((HEIGHT, WIDTH), dtype=np.uint8))
    assert check(folder).intensity_histogram == (0.5, *[0.0] * 30, 0.5)


def test_no_mask(tmp_path: Path) -> None:
    case = spoil(tmp_path, lambda folder: (folder / "masks" / "bad.png").unlink())
    assert_skipped(case, "no_mask", "images/bad.png", "add masks/bad.png")
    assert case.mask is None


def test_no_image(tmp_path: Path) -> None:
    case = spoil(tmp_path, lambda folder: (folder / "images" / "bad.png").unlink())
    assert_skipped(case, "no_image", "masks/bad.png", "remove the mask")


def test_text_called_png(tmp_path: Path) -> None:
    case = spoil(tmp_path, lambda folder: (folder / "images" / "bad.png").write_text("no image"))
    assert_skipped(case, "unreadable_image", "images/bad.png is no PNG, JPEG, TIFF, BMP or GIF", "export it again")


def test_half_a_file(tmp_path: Path) -> None:
    def cut(folder: Path) -> None:
        path = folder / "images" / "bad.png"
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    assert_skipped(spoil(tmp_path, cut), "unreadable_image", "is damaged", "copy it again")


def test_an_unknown_suffix(tmp_path: Path) -> None:
    case = spoil(tmp_path, lambda folder: (folder / "images" / "bad.png").rename(folder / "images" / "bad.webp"))
    assert_skipped(case, "unreadable_image", "bad.webp is not called a PNG", "NIfTI (.nii", "convert or rename")


def test_a_format_that_is_not_taken_under_a_right_name(tmp_path: Path) -> None:
    def write_webp(folder: Path) -> None:
        Image.fromarray(make_image(0)).save(folder / "images" / "bad.png", format="WEBP")

    assert_skipped(spoil(tmp_path, write_webp), "unreadable_image", "is no PNG")


def test_several_pages(tmp_path: Path) -> None:
    pages = [Image.fromarray(make_image(seed)) for seed in (1, 2)]
    case = spoil(tmp_path, save_image(pages[0], "tif", save_all=True, append_images=pages[1:]))
    assert_skipped(case, "unreadable_image", "several pages")


def test_a_decompression_bomb(tmp_path: Path) -> None:
    """20000 x 20000 black pixels are a file of a few kilobytes, and 400 megapixels in memory."""
    case = spoil(tmp_path, save_image(Image.new("1", (20000, 20000))))
    assert_skipped(case, "unreadable_image", "more than 89 million pixels", "shrink it")


def test_a_folder_among_the_images(tmp_path: Path) -> None:
    def replace(folder: Path) -> None:
        (folder / "images" / "bad.png").unlink()
        (folder / "images" / "bad.png").mkdir()

    assert_skipped(
        spoil(tmp_path, replace), "unreadable_image", "folder without any DICOM file", "slices of one series"
    )


def test_a_pipe_does_not_hang_the_check(tmp_path: Path) -> None:
    def replace(folder: Path) -> None:
        (folder / "images" / "bad.png").unlink()
        os.mkfifo(folder / "images" / "bad.png")

    assert_skipped(spoil(tmp_path, replace), "unreadable_image", "no regular file")


def test_a_link_out_of_the_folder(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    Image.fromarray(make_image(5)).save(secret)

    def link(folder: Path) -> None:
        (folder / "images" / "bad.png").unlink()
        (folder / "images" / "bad.png").symlink_to(secret)

    assert_skipped(spoil(tmp_path, link), "unreadable_image", "leads outside", "copy the file itself")


def test_a_loop_of_links(tmp_path: Path) -> None:
    def link(folder: Path) -> None:
        (folder / "masks" / "bad.png").unlink()
        (folder / "masks" / "bad.png").symlink_to(folder / "masks" / "bad.png")

    assert_skipped(spoil(tmp_path, link), "unreadable_mask")


def test_a_link_inside_the_folder_is_followed(tmp_path: Path) -> None:
    def link(folder: Path) -> None:
        (folder / "masks" / "bad.png").unlink()
        (folder / "masks" / "bad.png").symlink_to(folder / "masks" / "case-0.png")

    assert spoil(tmp_path, link).reason_code is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file, so permission cannot be refused here")
def test_permission_refused(tmp_path: Path) -> None:
    case = spoil(tmp_path, lambda folder: (folder / "masks" / "bad.png").chmod(0))
    assert_skipped(case, "unreadable_mask", "permission")


def test_text_called_a_mask(tmp_path: Path) -> None:
    case = spoil(tmp_path, lambda folder: (folder / "masks" / "bad.png").write_text("no mask"))
    assert_skipped(case, "unreadable_mask", "masks/bad.png is no PNG")


def test_a_mask_of_another_size(tmp_path: Path) -> None:
    case = spoil(tmp_path, save_mask(make_mask()[:20]))
    assert_skipped(case, "size_mismatch", "masks/bad.png has 32 x 20", "its image 32 x 24", "same size")


def test_an_unknown_label(tmp_path: Path) -> None:
    mask = make_mask()
    mask[0, 0] = 3
    case = spoil(tmp_path, save_mask(mask))
    assert_skipped(case, "unknown_label", "value(s) 3,", "optic disc = 1, 2; optic cup = 2", "add the label")


def test_many_unknown_labels_are_not_all_listed(tmp_path: Path) -> None:
    mask = np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH).astype(np.uint8)
    assert_skipped(spoil(tmp_path, save_mask(mask)), "unknown_label", "3, 4, 5, 6, 7, 8, 9, 10 and 245 more")


def test_a_picture_made_for_the_eye(tmp_path: Path) -> None:
    shown = np.array([0, 128, 255], dtype=np.uint8)[make_mask()]
    assert_skipped(spoil(tmp_path, save_mask(shown)), "unknown_label", "128, 255", "made for the eye")


@pytest.mark.parametrize("factor", [1, 100])
def test_a_jpeg_mask_is_never_trusted(tmp_path: Path, factor: int) -> None:
    """With factor 1 all values that the JPEG holds may be known ones, in wrong places."""
    case = spoil(tmp_path, save_mask(make_mask() * np.uint8(factor), "jpg", quality=95))
    assert_skipped(case, "unknown_label", "masks/bad.jpg is a JPEG", "export the mask as PNG")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.5, "no whole numbers"),
        (np.inf, "no whole numbers"),
        (np.nan, "no whole numbers"),
        (-1.0, "values from -1 to 2: save labels from 0 to 65535"),
        (2.0**32, "values from 0 to 4294967296: save labels"),
    ],
)
def test_a_mask_of_no_integers(tmp_path: Path, value: float, words: str) -> None:
    mask = make_mask().astype(np.float32)
    mask[0, 0] = value
    assert_skipped(spoil(tmp_path, save_mask(mask, "tif")), "unreadable_mask", words)


def test_an_empty_mask(tmp_path: Path) -> None:
    case = spoil(tmp_path, save_mask(np.zeros((HEIGHT, WIDTH), dtype=np.uint8)))
    assert_skipped(case, "empty_mask", "no pixel of optic disc, optic cup")


def test_a_mask_without_one_of_the_structures_is_used(tmp_path: Path) -> None:
    case = spoil(tmp_path, save_mask(np.minimum(make_mask(), 1)))
    assert case.reason_code is None
    assert case.structure_shares["optic cup"] == 0


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (Image.fromarray(make_image(7)[..., 0]), "has 1 channel(s), but the federation's task has colour"),
        (Image.fromarray(make_image(7)).convert("RGBA").point(lambda value: value // 2), "transparent pixels"),
    ],
)
def test_wrong_channels(tmp_path: Path, picture: Image.Image, words: str) -> None:
    assert_skipped(spoil(tmp_path, save_image(picture)), "wrong_channels", words)


def test_cmyk(tmp_path: Path) -> None:
    case = spoil(tmp_path, save_image(Image.fromarray(make_image(7)).convert("CMYK"), "jpg"))
    assert_skipped(case, "wrong_channels", "CMYK", "save it as RGB")


def test_a_colour_mask(tmp_path: Path) -> None:
    colours = np.array([[0, 0, 0], [255, 0, 0], [0, 255, 0]], dtype=np.uint8)[make_mask()]
    assert_skipped(spoil(tmp_path, save_mask(colours)), "wrong_channels", "colours are no labels")


def test_a_duplicate(tmp_path: Path) -> None:
    """The same pixels in another format, so other bytes. `case-0` comes first in name order and is used."""
    case = spoil(tmp_path, lambda folder: write_bmp(folder, "copy", make_image(0)), name="copy")
    assert_skipped(case, "duplicate", "images/copy.bmp", "same pixels as case case-0", "remove one")


def write_bmp(folder: Path, name: str, image: np.ndarray) -> None:
    (folder / "images" / "bad.png").unlink()
    (folder / "masks" / "bad.png").unlink()
    Image.fromarray(image).save(folder / "images" / f"{name}.bmp")
    Image.fromarray(make_mask()).save(folder / "masks" / f"{name}.png")


def test_a_skipped_case_makes_no_duplicate(tmp_path: Path) -> None:
    """`a` has no mask, so `b` with the same pixels is the only use of them."""
    folder = write_good_folder(tmp_path / "site", num_cases=0)
    write_case(folder, "a", make_image(0), make_mask())
    write_case(folder, "b", make_image(0), make_mask())
    (folder / "masks" / "a.png").unlink()
    assert [case.reason_code for case in check(folder).cases] == ["no_mask", None]


def test_two_images_of_one_name(tmp_path: Path) -> None:
    case = spoil(tmp_path, lambda folder: Image.fromarray(make_image(50)).save(folder / "images" / "bad.jpg"))
    assert_skipped(case, "duplicate", "images/bad.jpg and images/bad.png", "keep one")


def test_white_is_the_only_label(tmp_path: Path) -> None:
    """A rule of check.py: with one label value in the task, a mask of 0 and 255 means that label."""
    folder = write_good_folder(tmp_path / "site", num_cases=0)
    white = (make_mask() > 0).astype(np.uint8) * 255
    write_case(folder, "white", make_image(0), white)
    white[0, 0] = 254
    write_case(folder, "not-quite", make_image(1), white)
    found = check(folder, ONE_LABEL_TASK)
    assert case_named(found, "white").structure_shares == {"vessel": 1 / 8}
    assert_skipped(case_named(found, "not-quite"), "unknown_label", "254, 255")


def test_what_operating_systems_leave_is_no_case(tmp_path: Path) -> None:
    folder = write_good_folder(tmp_path / "site")
    (folder / "images" / ".DS_Store").write_bytes(b"x")
    (folder / "masks" / "Thumbs.db").write_bytes(b"x")
    assert len(check(folder).cases) == 3


def test_the_check_visits_used_cases_in_name_order(tmp_path: Path) -> None:
    folder = write_good_folder(tmp_path / "site")
    (folder / "masks" / "case-1.png").unlink()
    seen: list[tuple[str, float]] = []
    check_folder(folder, TASK, SplitFractions(), 0, lambda case: seen.append((case.name, case.fraction)))
    assert seen == [("case-0", 1 / 3), ("case-2", 1.0)]
