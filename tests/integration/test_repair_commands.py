"""Repairs and pairs of one patient from the command line, on real workers."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from backend.sites.schemas import SiteCreate
from tests.integration.live_platform import LivePlatform
from tests.integration.test_cli import fedsm
from tests.integration.tiny_data import TASK

REPAIR = ("--repair", "resize_masks")


def write_alike_folder(folder: Path) -> None:
    """21 cases: 20 of unrelated noise, and 00 again with other noise on it. Three masks are twice as large."""
    generator = np.random.default_rng(0)
    images = {f"{number:02d}": generator.normal(128, 40, (48, 48)) for number in range(20)}
    images["00-again"] = images["00"] + generator.normal(0, 20, (48, 48))
    mask = Image.fromarray(np.kron([[0, 1], [2, 0]], np.ones((24, 24))).astype(np.uint8))
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    for name, image in images.items():
        colours = np.repeat(np.clip(image, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
        Image.fromarray(colours).save(folder / "images" / f"{name}.png")
        is_large = name in ("01", "02", "03")
        (mask.resize((96, 96), Image.Resampling.NEAREST) if is_large else mask).save(folder / "masks" / f"{name}.png")


def test_repairs_are_looked_at_and_confirmed_and_pairs_decided(platform: LivePlatform, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    write_alike_folder(folder)
    federation = platform.client.create_federation("Repairs from the shell", "", TASK)
    platform.client.create_site(federation.id, SiteCreate(name="C"))
    here = ("--federation", federation.name)

    def said(*arguments: str, code: int = 0) -> str:
        done = fedsm(platform, *arguments)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    added = said("dataset", "add", "c", str(folder), *here, *REPAIR)
    (record,) = platform.client.datasets(federation.id)
    assert "21 of 21 cases used" in added
    assert f"fedsm dataset confirm {record.id}" in added
    assert record.status == "review"
    without = said("dataset", "recheck", record.id, "--no-repair")
    assert "18 of 21 cases used, 3 skipped (3 size_mismatch)" in without
    assert "--repair resize_masks (3 cases): fedsm dataset recheck" in without
    assert "resize_masks" in said("dataset", "recheck", record.id, "--repair", "resize", code=2)
    assert "keep one of them" in said("dataset", "recheck", record.id, *REPAIR, "--no-repair", code=2)
    assert "No run uses it yet" in said("dataset", "recheck", record.id, *REPAIR)
    assert "No run uses it yet" not in said("dataset", "confirm", record.id)
    assert platform.client.dataset(record.id).status == "ready"
    assert "is in use already: nothing to confirm" in said("dataset", "confirm", record.id)
    said("dataset", "rename", record.id, "Looked at")
    taken = said("dataset", "add", "c", str(folder), *here, *REPAIR, "--yes", "--name", "Again", "--json")
    assert json.loads(taken)["status"] == "ready"
    said("dataset", "delete", json.loads(taken)["id"], "--yes")

    listed = said("federation", "alike", *here)
    assert "1 pair is possibly one patient's, 1 of them undecided" in listed
    (pair,) = json.loads(said("federation", "alike", *here, "--dataset", record.id, "--json"))["pairs"]
    assert [case["name"] for case in pair["cases"]] == ["00", "00-again"]
    ids = [case["case_id"] for case in pair["cases"]]
    assert all(case_id in listed for case_id in ids)
    assert "same_patient or different_patients" in said("federation", "decide", *ids, "--decision", "same", code=2)
    said("federation", "decide", ids[0], ids[0], "--decision", "same_patient", code=2)
    decided = said("federation", "decide", *ids, "--decision", "same_patient")
    assert "same_patient, by admin" in decided
    assert "same_patient, by admin" in said("federation", "alike", *here)
    cases = {case.name: case for case in platform.client.dataset_cases(record.id)}
    assert cases["00"].split == cases["00-again"].split
    assert cases["00"].patient == cases["00-again"].patient is not None
