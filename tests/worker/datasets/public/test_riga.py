"""RIGA's outlines drawn on copies of photographs, and RIGA+'s masks."""

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from fedsm.public_datasets.outlines import NoOutlines, outlined_areas
from tests.worker.datasets.public.original import (
    CUP,
    DISC,
    DISC_LABELS,
    box,
    cases,
    counts,
    labels,
    left_out,
    prepare_miniature,
    save,
)

SIZE = 120
ROWS, COLUMNS = np.mgrid[:SIZE, :SIZE]
BLUE = (30, 60, 220)


def ellipse(height: int, width: int, row: int = 60, column: int = 60) -> np.ndarray:
    """[H, W], of these half axes."""
    return ((ROWS - row) / height) ** 2 + ((COLUMNS - column) / width) ** 2 <= 1


WIDE, NARROW = ellipse(42, 38), ellipse(20, 17)


def fundus(seed: int = 0) -> np.ndarray:
    """Reddish, dark towards the corners."""
    shade = np.exp(-((ROWS - 60) ** 2 + (COLUMNS - 60) ** 2) / 6000)
    noise = np.random.default_rng(seed).normal(0, 4, (SIZE, SIZE))
    return np.clip(np.stack([190 * shade + noise, 90 * shade + noise, 40 * shade + noise], axis=-1), 0, 255).astype(
        np.uint8
    )


def ring(area: np.ndarray) -> np.ndarray:
    """A line two pixels thick, the outermost of the area."""
    return area & ~ndimage.binary_erosion(area, structure=np.ones((3, 3)), iterations=2)


def drawn(photograph: np.ndarray, *lines: np.ndarray) -> np.ndarray:
    copy = photograph.copy()
    for line in lines:
        copy[line] = BLUE
    return copy


def test_two_closed_lines_give_disc_and_cup() -> None:
    photograph = fundus()
    areas = outlined_areas(photograph, drawn(photograph, ring(WIDE), ring(NARROW)))
    assert (areas.outer == WIDE).all()
    assert (areas.inner == NARROW).all()


def test_a_gap_of_a_line_is_closed() -> None:
    photograph = fundus()
    open_line = ring(WIDE) & ~box(57, 62, 0, 60, SIZE, SIZE)
    areas = outlined_areas(photograph, drawn(photograph, open_line, ring(NARROW)))
    assert np.count_nonzero(areas.outer ^ WIDE) < 0.02 * np.count_nonzero(WIDE)
    assert np.count_nonzero(areas.inner ^ NARROW) < 0.05 * np.count_nonzero(NARROW)


def test_noise_and_jpeg_do_not_matter(tmp_path: Path) -> None:
    from PIL import Image

    photograph = fundus()
    speck = box(3, 6, 3, 6, SIZE, SIZE)
    path = save(tmp_path / "copy.jpg", drawn(photograph, ring(WIDE), ring(NARROW), speck), quality=90, subsampling=0)
    areas = outlined_areas(photograph, np.asarray(Image.open(path)))
    assert np.count_nonzero(areas.outer ^ WIDE) < 0.06 * np.count_nonzero(WIDE)
    assert np.count_nonzero(areas.inner ^ NARROW) < 0.12 * np.count_nonzero(NARROW)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ((), "nothing is drawn"),
        ((ring(WIDE),), "1 closed line, not two"),
        ((ring(WIDE), ring(ellipse(20, 17, column=98))), "not two: open, or touching"),
        ((ring(ellipse(20, 17, column=30)), ring(ellipse(18, 17, column=90))), "next to one another"),
        ((ring(WIDE) & (COLUMNS < 80), ring(NARROW) & (COLUMNS < 60)), "0 closed lines"),
    ],
)
def test_what_is_no_pair_of_closed_lines_is_told(lines: tuple[np.ndarray, ...], message: str) -> None:
    photograph = fundus()
    with pytest.raises(NoOutlines, match=message):
        outlined_areas(photograph, drawn(photograph, *lines))


def write_photograph(folder: Path, stem: str, suffix: str, *annotators: tuple[np.ndarray, ...]) -> None:
    photograph = fundus(len(stem))
    options = {"quality": 95, "subsampling": 0} if suffix == "jpg" else {}
    save(folder / f"{stem}prime.{suffix}", photograph, **options)
    for number, lines in enumerate(annotators, start=1):
        save(folder / f"{stem}-{number}.{suffix}", drawn(photograph, *lines), **options)


def test_riga_takes_the_majority_of_the_readable_annotators(tmp_path: Path) -> None:
    original = tmp_path / "original"
    small, large = (ring(WIDE), ring(NARROW)), (ring(ellipse(46, 42)), ring(ellipse(24, 21)))
    touching = (ring(WIDE), ring(ellipse(20, 17, column=80)))
    # Readable: three small, two large; the sixth's lines touch. More than half of five are three.
    write_photograph(original / "MESSIDOR", "image1", "tif", small, large, small, large, small, touching)
    write_photograph(original / "MESSIDOR", "image2", "tif", small, small, touching, touching, touching, touching)
    write_photograph(original / "BinRushed" / "BinRushed1-Corrected", "image5", "jpg", *[small] * 6)
    write_photograph(original / "BinRushed" / "BinRushed1", "image5", "jpg", *[large] * 6)
    write_photograph(original / "Magrabia" / "MagrabiaMale", "Image7", "tif", *[large] * 6)
    save(original / "Magrabia" / "MagrabiFemale" / "image48-1.tif", fundus())
    prepared = prepare_miniature("riga", original, tmp_path / "out")
    assert counts(prepared) == {
        "riga-binrushed": "found 1 of 195 expected, left out 0",
        "riga-magrabia": "found 1 of 95 expected, left out 1",
        "riga-messidor": "found 1 of 460 expected, left out 1",
    }
    assert left_out(prepared) == [
        ("riga-magrabia", "MagrabiFemale_image48", "no_image"),
        ("riga-messidor", "MESSIDOR_image2", "ambiguous"),
    ]
    assert "2 of 6 annotators' outlines could be read, 3 are needed" in prepared.left_out[1].reason
    assert cases(tmp_path / "out", "riga-binrushed") == {
        "BinRushed1-Corrected_image5": ("BinRushed1-Corrected_image5", "")
    }
    messidor = labels(tmp_path / "out", "riga-messidor", "MESSIDOR_image1")
    assert (messidor == WIDE.astype(np.uint8) + NARROW).all()
    bin_rushed = labels(tmp_path / "out", "riga-binrushed", "BinRushed1-Corrected_image5")
    assert np.count_nonzero((bin_rushed > 0) ^ WIDE) < 0.1 * np.count_nonzero(WIDE)
    magrabia = labels(tmp_path / "out", "riga-magrabia", "MagrabiaMale_image7")
    assert ((magrabia > 0) == ellipse(46, 42)).all()


def test_riga_plus_reads_masks_of_six_annotators(tmp_path: Path) -> None:
    """128 is the cup and 255 the rim; four of six draw the same, two a disc elsewhere."""
    original = tmp_path / "original"
    agreed, elsewhere = np.where(CUP, 128, np.where(DISC, 255, 0)), np.where(box(0, 5, 0, 5), 255, 0)
    photographs = (("BinRushed", "BinRushed1", 6), ("MESSIDOR_Base1", "Labeled", 6), ("MESSIDOR_Base2", "Labeled", 2))
    for seed, (top, folder, num_annotators) in enumerate(photographs):
        pixels = np.random.default_rng(seed).integers(0, 256, (24, 32, 3))
        save(original / "RIGA" / top / folder / "image1.tif", pixels)
        for number in range(1, num_annotators + 1):
            path = original / "RIGA-mask" / top / folder / f"image1-{number}.tif"
            save(path, elsewhere if number in (2, 5) else agreed)
    save(original / "RIGA" / "MESSIDOR_Base1" / "Unlabeled" / "image9.tif", pixels)
    prepared = prepare_miniature("riga-plus", original, tmp_path / "out")
    assert prepared.in_words == "found 2 of 744 expected, left out 1"
    assert counts(prepared)["riga-plus-binrushed"] == "found 1 of 195 expected, left out 0"
    assert left_out(prepared) == [("riga-plus-messidor-base2", "Labeled_image1", "ambiguous")]
    assert cases(tmp_path / "out", "riga-plus-messidor-base1") == {"Labeled_image1": ("Labeled_image1", "")}
    assert (labels(tmp_path / "out", "riga-plus-binrushed", "BinRushed1_image1") == DISC_LABELS).all()
