"""The originals with retinal vessels, each on a miniature in its own layout."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.worker.datasets.public.original import (
    box,
    cases,
    counts,
    labels,
    left_out,
    photograph,
    prepare_miniature,
    save,
)
from tests.worker.datasets.readers.test_deep_colour import png16

VESSEL = box(10, 12, 0, 32)
WHITE = np.where(VESSEL, 255, 0)
REAL = Path(__file__).parents[5] / "shared" / "data" / "vessels"


def test_drive_reads_gif_masks_and_keeps_the_split(tmp_path: Path) -> None:
    original = tmp_path / "original" / "DRIVE"
    for part, stem in (("training", "21_training"), ("test", "01_test"), ("test", "02_test")):
        save(original / part / "images" / f"{stem}.tif", photograph(int(stem[:2])))
        save(original / part / "mask" / f"{stem}_mask.gif", np.full_like(WHITE, 255))
        if stem != "02_test":
            save(original / part / "1st_manual" / f"{stem[:2]}_manual1.gif", WHITE)
    prepared = prepare_miniature("drive", tmp_path / "original", tmp_path / "out")
    assert counts(prepared) == {"drive": "found 2 of 40 expected, left out 1"}
    assert left_out(prepared) == [("drive", "02", "no_mask")]
    assert cases(tmp_path / "out", "drive") == {"01": ("01", "test"), "21": ("21", "train")}
    assert (labels(tmp_path / "out", "drive", "21") == VESSEL).all()


def test_chase_keeps_a_childs_eyes_together(tmp_path: Path) -> None:
    original = tmp_path / "original" / "CHASEDB1"
    for seed, stem in enumerate(("Image_01L", "Image_01R", "Image_02L")):
        save(original / f"{stem}.jpg", photograph(seed))
        # One bit a pixel, as in the original.
        save(original / f"{stem}_1stHO.png", VESSEL if stem != "Image_02L" else ~np.ones_like(VESSEL))
        save(original / f"{stem}_2ndHO.png", ~VESSEL)
    prepared = prepare_miniature("chase-db1", tmp_path / "original", tmp_path / "out")
    assert counts(prepared) == {"chase-db1": "found 2 of 28 expected, left out 1"}
    assert left_out(prepared) == [("chase-db1", "Image_02L", "empty_mask")]
    assert cases(tmp_path / "out", "chase-db1") == {"Image_01L": ("Image_01", ""), "Image_01R": ("Image_01", "")}
    assert (labels(tmp_path / "out", "chase-db1", "Image_01R") == VESSEL).all()


def test_stare_reads_packed_and_plain_ppm(tmp_path: Path) -> None:
    images, masks = tmp_path / "original" / "stare-images", tmp_path / "original" / "labels-ah"
    for number in (1, 2, 3):
        save(images / f"im000{number}.ppm", photograph(number))
        save(masks / f"im000{number}.ah.ppm", WHITE)
        save(masks.with_name("labels-vk") / f"im000{number}.vk.ppm", 255 - WHITE)
    for path in (images / "im0001.ppm", masks / "im0001.ah.ppm"):
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
        path.unlink()
    (masks / "im0003.ah.ppm").unlink()
    # Of the whole of STARE, without a drawing: no part of this data set.
    save(tmp_path / "original" / "all-images" / "im0099.ppm", photograph(9))
    prepared = prepare_miniature("stare", tmp_path / "original", tmp_path / "out")
    assert counts(prepared) == {"stare": "found 2 of 20 expected, left out 1"}
    assert left_out(prepared) == [("stare", "im0003", "no_mask")]
    assert cases(tmp_path / "out", "stare") == {name: (name, "") for name in ("im0001", "im0002")}
    assert (labels(tmp_path / "out", "stare", "im0001") == VESSEL).all()


def test_hrf_pairs_by_name(tmp_path: Path) -> None:
    original = tmp_path / "original"
    for seed, stem in enumerate(("01_dr", "01_g", "01_h", "02_h")):
        save(original / "images" / f"{stem}.JPG", photograph(seed), format="JPEG")
        save(original / "manual1" / f"{stem}.tif", WHITE)
        save(original / "mask" / f"{stem}_mask.tif", np.full_like(WHITE, 255))
    (original / "manual1" / "02_h.tif").write_bytes(b"II*\0")
    prepared = prepare_miniature("hrf", original, tmp_path / "out")
    assert counts(prepared) == {"hrf": "found 3 of 45 expected, left out 1"}
    assert left_out(prepared) == [("hrf", "02_h", "unreadable_mask")]
    assert cases(tmp_path / "out", "hrf") == {name: (name, "") for name in ("01_dr", "01_g", "01_h")}
    assert (labels(tmp_path / "out", "hrf", "01_g") == VESSEL).all()


def test_fives_tells_equal_names_of_its_parts_apart(tmp_path: Path) -> None:
    original = tmp_path / "original" / "FIVES A Fundus Image Dataset for AI-based Vessel Segmentation"
    for seed, (part, stem) in enumerate((("train", "1_A"), ("train", "2_D"), ("test", "1_A"))):
        save(original / part / "Original" / f"{stem}.png", photograph(seed))
        save(original / part / "Ground truth" / f"{stem}.png", np.stack([WHITE] * 3, axis=-1))
    save(original / "train" / "Ground truth" / "9_N.png", WHITE)
    prepared = prepare_miniature("fives", tmp_path / "original", tmp_path / "out")
    assert counts(prepared) == {"fives": "found 3 of 800 expected, left out 1"}
    assert left_out(prepared) == [("fives", "train_9_N", "no_image")]
    assert cases(tmp_path / "out", "fives") == {
        "test_1_A": ("test_1_A", "test"),
        "train_1_A": ("train_1_A", "train"),
        "train_2_D": ("train_2_D", "train"),
    }
    assert (labels(tmp_path / "out", "fives", "train_2_D") == VESSEL).all()


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no real vessel photographs at {REAL}")
@pytest.mark.parametrize(("folder", "name"), [("chase_db1", "chase-db1"), ("hrf", "hrf"), ("fives", "fives")])
def test_real_files_put_back_into_their_layout_give_their_masks(tmp_path: Path, folder: str, name: str) -> None:
    """Of the first three; their masks are 0 and 1 there, black and white in the originals."""
    original = tmp_path / "original"
    stems = sorted(path.stem for path in (REAL / folder / "images").iterdir())[:3]
    expected = {}
    for stem in stems:
        pixels = np.asarray(Image.open(REAL / folder / "images" / f"{stem}.png"))
        mask = np.asarray(Image.open(REAL / folder / "masks" / f"{stem}.png"))
        image_path, mask_path = {
            "chase_db1": (f"{stem}.jpg", f"{stem}_1stHO.png"),
            "hrf": (f"images/{stem}.jpg", f"manual1/{stem}.tif"),
            "fives": (f"train/Original/{stem}.png", f"train/Ground truth/{stem}.png"),
        }[folder]
        save(original / image_path, pixels)
        # The last one as a repack would hold it, with 0 and 1.
        save(original / mask_path, mask if stem == stems[-1] else mask * 255)
        expected[f"train_{stem}" if folder == "fives" else stem] = mask
    prepared = prepare_miniature(name, original, tmp_path / "out")
    assert left_out(prepared) == []
    assert set(cases(tmp_path / "out", name)) == set(expected)
    for case, mask in expected.items():
        assert (labels(tmp_path / "out", name, case) == mask).all()


@pytest.mark.parametrize("mode", ["grey", "colour"])
def test_a_photograph_of_16_bits_is_left_out_and_never_cut_to_8(tmp_path: Path, mode: str) -> None:
    for number in (1, 2):
        save(tmp_path / "original" / f"Image_{number:02d}L.jpg", photograph(number))
        save(tmp_path / "original" / f"Image_{number:02d}L_1stHO.png", WHITE)
    path = tmp_path / "original" / "Image_01L.jpg"
    deep = photograph(1).astype(np.uint16) * 257
    if mode == "grey":
        Image.fromarray(deep[..., 0]).save(path, format="PNG")
    else:
        path.write_bytes(png16(deep, 2))
    prepared = prepare_miniature("chase-db1", tmp_path / "original", tmp_path / "out")
    assert left_out(prepared) == [("chase-db1", "Image_01L", "unreadable_image")]
