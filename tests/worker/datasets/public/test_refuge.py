from pathlib import Path

import numpy as np

from tests.worker.datasets.public.original import (
    CUP,
    DISC,
    DISC_LABELS,
    cases,
    counts,
    image,
    labels,
    left_out,
    photograph,
    prepare_miniature,
    save,
)

#: 0 cup, 128 rim, 255 background.
MASK = np.where(CUP, 0, np.where(DISC, 128, 255))


def write_original(source: Path) -> None:
    training, masks = source / "Training400", source / "Annotation-Training400" / "Disc_Cup_Masks"
    for index, path in enumerate(("Glaucoma/g0001", "Non-Glaucoma/n0001", "Non-Glaucoma/n0002")):
        save(training / f"{path}.jpg", photograph(index))
        save(masks / f"{path}.bmp", MASK)
    save(training / "Non-Glaucoma" / "n0003.jpg", photograph(3))
    save(source / "REFUGE-Validation400" / "V0001.jpg", photograph(4))
    save(source / "REFUGE-Validation400-GT" / "Disc_Cup_Masks" / "V0001.bmp", np.stack([MASK] * 3, axis=-1))
    save(source / "Test400" / "T0001.jpg", photograph(5))
    save(source / "REFUGE-Test-GT" / "Disc_Cup_Masks" / "N" / "T0001.bmp", np.where(MASK == 128, 127, MASK))
    save(source / "Test400" / "T0002.jpg", photograph(6))
    save(source / "REFUGE-Test-GT" / "Disc_Cup_Masks" / "G" / "T0002.bmp", MASK[:-1])
    (source / "Test400" / "T0003.jpg").write_bytes(b"not a photograph")
    save(source / "REFUGE-Test-GT" / "Disc_Cup_Masks" / "G" / "T0003.bmp", MASK)


def test_cameras_become_sites(tmp_path: Path) -> None:
    write_original(tmp_path / "original")
    prepared = prepare_miniature("refuge", tmp_path / "original", tmp_path / "out")
    assert counts(prepared) == {
        "refuge-zeiss": "found 3 of 400 expected, left out 1",
        "refuge-canon": "found 1 of 800 expected, left out 3",
    }
    assert left_out(prepared) == [
        ("refuge-zeiss", "n0003", "no_mask"),
        ("refuge-canon", "T0001", "unknown_label"),
        ("refuge-canon", "T0002", "size_mismatch"),
        ("refuge-canon", "T0003", "unreadable_image"),
    ]
    assert cases(tmp_path / "out", "refuge-zeiss") == {name: (name, "") for name in ("g0001", "n0001", "n0002")}
    assert (labels(tmp_path / "out", "refuge-zeiss", "g0001") == DISC_LABELS).all()
    assert (labels(tmp_path / "out", "refuge-canon", "V0001") == DISC_LABELS).all()
    assert image(tmp_path / "out", "refuge-canon", "V0001").shape == (24, 32, 3)
