"""The originals with polyps, each on a miniature in its own layout."""

from pathlib import Path

import numpy as np
import pytest

from fedsm.public_datasets.polyps import CLINIC_SEQUENCE_ENDS
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

POLYP = box(8, 16, 8, 24)
WHITE = np.where(POLYP, 255, 0)


def test_kvasir_reads_jpeg_masks(tmp_path: Path) -> None:
    original = tmp_path / "original" / "Kvasir-SEG"
    names = ("cju0qkwl35piu0993l0dewei2", "cju0qoxqj9q6s0835b43399p4", "cju0qx73cjw570799j4n5cjze")
    for seed, stem in enumerate(names):
        save(original / "images" / f"{stem}.jpg", photograph(seed))
        if seed != 1:
            # Blocks of 8 x 8 pixels of one colour survive JPEG but for a few grey values.
            save(original / "masks" / f"{stem}.jpg", np.stack([np.where(WHITE, 250, 6)] * 3, axis=-1))
    prepared = prepare_miniature("kvasir-seg", tmp_path / "original", tmp_path / "out")
    assert counts(prepared) == {"kvasir-seg": "found 2 of 1000 expected, left out 1"}
    assert left_out(prepared) == [("kvasir-seg", names[1], "no_mask")]
    assert cases(tmp_path / "out", "kvasir-seg") == {name: (name, "") for name in (names[0], names[2])}
    assert (labels(tmp_path / "out", "kvasir-seg", names[0]) == POLYP).all()


def test_clinic_takes_the_sequence_as_the_patient(tmp_path: Path) -> None:
    original = tmp_path / "original" / "CVC-ClinicDB"
    for number in (1, 25, 26, 612, 613):
        save(original / "Original" / f"{number}.tif", photograph(number))
        save(original / "Ground Truth" / f"{number}.tif", WHITE)
        # A repack holds PNG copies beside the TIF files.
        save(original / "PNG" / "Original" / f"{number}.png", photograph(0))
        save(original / "PNG" / "Ground Truth" / f"{number}.png", 255 - WHITE)
    save(original / "Original" / "30.tif", photograph(30))
    save(original / "Ground Truth" / "30.tif", np.zeros_like(WHITE))
    prepared = prepare_miniature("cvc-clinicdb", tmp_path / "original", tmp_path / "out")
    assert counts(prepared) == {"cvc-clinicdb": "found 4 of 612 expected, left out 2"}
    assert left_out(prepared) == [("cvc-clinicdb", "30", "empty_mask"), ("cvc-clinicdb", "613", "ambiguous")]
    assert cases(tmp_path / "out", "cvc-clinicdb") == {
        "1": ("sequence01", ""),
        "25": ("sequence01", ""),
        "26": ("sequence02", ""),
        "612": ("sequence29", ""),
    }
    assert (labels(tmp_path / "out", "cvc-clinicdb", "612") == POLYP).all()


def test_clinics_sequences_are_29_of_612_frames() -> None:
    assert len(CLINIC_SEQUENCE_ENDS) == 29
    assert CLINIC_SEQUENCE_ENDS[-1] == 612
    assert (np.diff((0, *CLINIC_SEQUENCE_ENDS)) > 0).all()


def test_colon_reads_the_official_layout(tmp_path: Path) -> None:
    original = tmp_path / "original" / "CVC-ColonDB"
    for number in (1, 2):
        save(original / f"{number}.bmp", photograph(number))
        save(original / f"p{number}.bmp", WHITE)
        save(original / f"c{number}.bmp", 255 - WHITE)
        save(original / f"s{number}.bmp", 255 - WHITE)
    save(original / "p2.bmp", WHITE[:, :-1])
    prepared = prepare_miniature("cvc-colondb", tmp_path / "original", tmp_path / "out")
    assert counts(prepared) == {"cvc-colondb": "found 1 of 300 expected, left out 1"}
    assert left_out(prepared) == [("cvc-colondb", "2", "size_mismatch")]
    assert cases(tmp_path / "out", "cvc-colondb") == {"1": ("1", "")}
    assert (labels(tmp_path / "out", "cvc-colondb", "1") == POLYP).all()


@pytest.mark.parametrize(("name", "site"), [("cvc-colondb", "cvc-colondb"), ("etis-larib", "etis-larib")])
def test_repacks_with_images_and_masks_are_read(tmp_path: Path, name: str, site: str) -> None:
    for number in (1, 2):
        save(tmp_path / "original" / "images" / f"{number}.png", photograph(number))
        save(tmp_path / "original" / "masks" / f"{number}.png", WHITE)
    prepare_miniature(name, tmp_path / "original", tmp_path / "out")
    assert cases(tmp_path / "out", site) == {"1": ("1", ""), "2": ("2", "")}
    assert (labels(tmp_path / "out", site, "2") == POLYP).all()


def test_etis_reads_the_official_layout(tmp_path: Path) -> None:
    original = tmp_path / "original" / "ETIS-LaribPolypDB"
    for number in (1, 10):
        save(original / "ETIS-LaribPolypDB" / f"{number}.tif", photograph(number))
    save(original / "Ground Truth" / "p1.tif", WHITE)
    prepared = prepare_miniature("etis-larib", tmp_path / "original", tmp_path / "out")
    assert counts(prepared) == {"etis-larib": "found 1 of 196 expected, left out 1"}
    assert left_out(prepared) == [("etis-larib", "10", "no_mask")]
    assert cases(tmp_path / "out", "etis-larib") == {"1": ("1", "")}
    assert (labels(tmp_path / "out", "etis-larib", "1") == POLYP).all()
