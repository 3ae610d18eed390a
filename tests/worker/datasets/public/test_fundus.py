"""The originals with optic disc and cup, each on a miniature in its own layout."""

import json
from pathlib import Path

import numpy as np
from scipy.io import savemat

from tests.worker.datasets.public.original import (
    CUP,
    DISC,
    DISC_LABELS,
    box,
    cases,
    counts,
    image,
    labels,
    left_out,
    photograph,
    prepare_miniature,
    save,
)


def black_and_white(plane: np.ndarray) -> np.ndarray:
    return np.where(plane, 255, 0)


def write_drishti(source: Path) -> None:
    """Four experts: the disc of 4 has 16 more columns of 2, the cup of 3 has a rim of 1."""
    disc = np.where(DISC, 255, np.where(box(6, 14, 20, 36), 128, 0))
    cup = np.where(CUP, 191, np.where(DISC, 64, 0))
    for part, masks, stems in (
        ("Training", "GT", ("drishtiGS_002", "drishtiGS_004")),
        ("Test", "Test_GT", ("drishtiGS_001",)),
    ):
        for stem in stems:
            folder = source / "Drishti-GS1_files" / part
            save(folder / "Images" / "GLAUCOMA" / f"{stem}.png", photograph(int(stem[-1])))
            save(folder / masks / stem / "SoftMap" / f"{stem}_ODsegSoftmap.png", disc)
            save(folder / masks / stem / "SoftMap" / f"{stem}_cupsegSoftmap.png", cup)
    (source / "Drishti-GS1_files/Training/GT/drishtiGS_004/SoftMap/drishtiGS_004_cupsegSoftmap.png").unlink()


def test_drishti_takes_three_of_four_experts(tmp_path: Path) -> None:
    write_drishti(tmp_path / "original")
    prepared = prepare_miniature("drishti-gs1", tmp_path / "original", tmp_path / "out")
    assert counts(prepared) == {"drishti-gs1": "found 2 of 101 expected, left out 1"}
    assert left_out(prepared) == [("drishti-gs1", "drishtiGS_004", "no_mask")]
    assert cases(tmp_path / "out", "drishti-gs1") == {
        "drishtiGS_001": ("drishtiGS_001", "test"),
        "drishtiGS_002": ("drishtiGS_002", "train"),
    }
    assert (labels(tmp_path / "out", "drishti-gs1", "drishtiGS_001") == DISC_LABELS).all()


def test_rim_one_r3_takes_the_left_picture_and_both_eyes_are_one_patient(tmp_path: Path) -> None:
    pair = {stem: photograph(seed, width=64) for seed, stem in enumerate(("N-1-L", "N-1-R", "G-2-L", "S-3-R"))}
    nothing = np.zeros_like(DISC)
    for stem, pixels in pair.items():
        group = tmp_path / "original" / ("Healthy" if stem[0] == "N" else "Glaucoma and suspects")
        save(group / "Stereo Images" / f"{stem}.jpg", pixels, quality=100, subsampling=0)
        # The masks of N-1-R are as wide as one picture; those of S-3-R lie in the right one.
        sides = {"N-1-R": 0, "S-3-R": 2}.get(stem, 1)
        for name, plane in (("Disc", DISC), ("Cup", CUP)):
            wide = [plane] if sides == 0 else [plane, nothing] if sides == 1 else [nothing, plane]
            save(group / "Average_masks" / f"{stem}-{name}-Avg.png", black_and_white(np.hstack(wide)))
            save(group / "Expert1_masks" / f"{stem}-1-{name}-exp1.png", black_and_white(np.hstack([~plane, nothing])))
    prepared = prepare_miniature("rim-one-r3", tmp_path / "original", tmp_path / "out")
    assert counts(prepared) == {"rim-one-r3": "found 3 of 159 expected, left out 1"}
    assert left_out(prepared) == [("rim-one-r3", "S-3-R", "ambiguous")]
    assert cases(tmp_path / "out", "rim-one-r3") == {"G-2-L": ("G-2", ""), "N-1-L": ("N-1", ""), "N-1-R": ("N-1", "")}
    for stem in ("G-2-L", "N-1-L", "N-1-R"):
        assert (labels(tmp_path / "out", "rim-one-r3", stem) == DISC_LABELS).all()
        left = image(tmp_path / "out", "rim-one-r3", stem).astype(int)
        assert left.shape == (24, 32, 3)
        # JPEG changes pixels a little; two random pictures, as the left and the right one are, differ by 85 on average.
        assert np.abs(left - pair[stem][:, :32]).mean() < 5


def test_rim_one_dl_takes_hospitals_as_sites(tmp_path: Path) -> None:
    images = tmp_path / "original" / "RIM-ONE_DL_images"
    masks = tmp_path / "original" / "RIM-ONE_DL_reference_segmentations"
    for seed, (part, group, stem) in enumerate(
        (
            ("training_set", "normal", "r1_Im001"),
            ("training_set", "glaucoma", "r2_Im365"),
            ("test_set", "glaucoma", "r2_Im257"),
            ("test_set", "normal", "r3_Im009"),
        )
    ):
        save(images / "partitioned_by_hospital" / part / group / f"{stem}.png", photograph(seed))
        save(images / "partitioned_randomly" / "training_set" / group / f"{stem}.png", photograph(seed))
        save(masks / group / f"{stem}-1-Disc-T.png", black_and_white(DISC))
        if stem != "r3_Im009":
            save(masks / group / f"{stem}-1-Cup-T.png", black_and_white(CUP))
    prepared = prepare_miniature("rim-one-dl", tmp_path / "original", tmp_path / "out")
    assert counts(prepared) == {
        "rim-one-dl-huc": "found 2 of an unknown number expected, left out 0",
        "rim-one-dl-madrid-zaragoza": "found 1 of an unknown number expected, left out 1",
    }
    assert prepared.in_words == "found 3 of 485 expected, left out 1"
    assert left_out(prepared) == [("rim-one-dl-madrid-zaragoza", "r3_Im009", "no_mask")]
    assert cases(tmp_path / "out", "rim-one-dl-huc") == {"r1_Im001": ("r1_Im001", ""), "r2_Im365": ("r2_Im365", "")}
    assert (labels(tmp_path / "out", "rim-one-dl-madrid-zaragoza", "r2_Im257") == DISC_LABELS).all()


def write_contour(path: Path, plane: np.ndarray) -> None:
    """The four corners of a box, as x and y."""
    rows, columns = np.nonzero(plane)
    top, bottom, left, right = rows.min(), rows.max(), columns.min(), columns.max()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{left} {top}\n{right} {top}\n{right} {bottom}\n{left} {bottom}\n")


def test_papila_keeps_both_eyes_of_a_patient_together(tmp_path: Path) -> None:
    original = tmp_path / "original" / "PapilaDB"
    contours = original / "ExpertsSegmentations" / "Contours"
    for seed, stem in enumerate(("RET002OD", "RET002OS", "RET004OD", "RET005OS")):
        save(original / "FundusImages" / f"{stem}.jpg", photograph(seed))
        for structure, plane in (("disc", DISC), ("cup", CUP)):
            write_contour(contours / f"{stem}_{structure}_exp1.txt", plane)
            write_contour(contours / f"{stem}_{structure}_exp2.txt", box(0, 9, 0, 9))
            write_contour(contours / f"{stem}_{structure}_exp1 2.txt", box(0, 9, 0, 9))
    (contours / "RET004OD_cup_exp1.txt").write_text("7 eight\n")
    (contours / "RET005OS_disc_exp1.txt").unlink()
    prepared = prepare_miniature("papila", tmp_path / "original", tmp_path / "out")
    assert counts(prepared) == {"papila": "found 2 of 488 expected, left out 2"}
    assert left_out(prepared) == [("papila", "RET004OD", "unreadable_mask"), ("papila", "RET005OS", "no_mask")]
    assert cases(tmp_path / "out", "papila") == {"RET002OD": ("RET002", ""), "RET002OS": ("RET002", "")}
    assert (labels(tmp_path / "out", "papila", "RET002OS") == DISC_LABELS).all()


def test_g1020_leaves_out_photographs_without_an_outlined_cup(tmp_path: Path) -> None:
    images = tmp_path / "original" / "G1020" / "Images"
    disc = {"label": "disc", "points": [[8, 6], [19, 6], [19, 13], [8, 13]]}
    cup = {"label": "cup", "points": [[10, 8], [15, 8], [15, 11], [10, 11]]}
    located = {"label": "discLoc", "points": [[0, 0], [31, 23]]}
    outlines = {"image_0": [located, disc, cup], "image_1": [disc], "image_2": None}
    for seed, (stem, shapes) in enumerate(outlines.items()):
        save(images / f"{stem}.jpg", photograph(seed))
        save(images.parent / "Images_Square" / f"{stem}.jpg", photograph(seed, 10, 10))
        (images / f"{stem}.json").write_text("{" if shapes is None else json.dumps({"shapes": shapes}))
    prepared = prepare_miniature("g1020", tmp_path / "original", tmp_path / "out")
    assert counts(prepared) == {"g1020": "found 1 of an unknown number expected, left out 2"}
    assert left_out(prepared) == [("g1020", "image_1", "incomplete"), ("g1020", "image_2", "unreadable_mask")]
    assert cases(tmp_path / "out", "g1020") == {"image_0": ("image_0", "")}
    assert (labels(tmp_path / "out", "g1020", "image_0") == DISC_LABELS).all()


def test_origa_reads_both_encodings_and_refuses_an_exchanged_one(tmp_path: Path) -> None:
    original = tmp_path / "original" / "ORIGA"
    masks = {
        "001": DISC_LABELS,
        "002": np.where(CUP, 255, np.where(DISC, 128, 0)),
        "003": np.where(CUP, 128, np.where(DISC, 255, 0)),
        "004": np.where(CUP, 7, 0),
    }
    for number in range(1, 7):
        save(original / "Images" / f"{number:03d}.jpg", photograph(number))
        save(original / "Images_Square" / f"{number:03d}.jpg", photograph(number, 9, 9))
    for stem, mask in masks.items():
        save(original / "Masks" / f"{stem}.png", mask)
    annotations = original / "Semi-automatic-annotations"
    annotations.mkdir()
    savemat(annotations / "001.mat", {"mask": np.zeros_like(DISC_LABELS)})
    savemat(annotations / "005.mat", {"mask": DISC_LABELS})
    savemat(annotations / "006.mat", {"other": DISC_LABELS})
    prepared = prepare_miniature("origa", tmp_path / "original", tmp_path / "out")
    assert counts(prepared) == {"origa": "found 3 of 650 expected, left out 3"}
    assert left_out(prepared) == [
        ("origa", "003", "ambiguous"),
        ("origa", "004", "unknown_label"),
        ("origa", "006", "unreadable_mask"),
    ]
    assert cases(tmp_path / "out", "origa") == {name: (name, "") for name in ("001", "002", "005")}
    for name in ("001", "002", "005"):
        assert (labels(tmp_path / "out", "origa", name) == DISC_LABELS).all()
