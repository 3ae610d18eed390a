"""Every file that our commands write is one that our other commands read."""

import csv
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner, Result

from backend.contracts.task_definition import SegmentationTask
from backend.federations.schemas import FederationCreate
from backend.sites.schemas import SiteCreate
from fedsm.cli.app import app
from fedsm.public_datasets import DATASETS, dataset_named, prepare, report
from fedsm.public_datasets.base import LeftOut, Picture, PublicDataset, SourceCase, Volume
from tests.worker.datasets.public.original import DISC, DISC_LABELS, photograph, save
from worker.datasets.mask_files import mask_file


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """Drishti-GS1 with splits of its own: one photograph trains, two are tested."""
    for number, part in enumerate(("Training", "Test", "Test"), start=1):
        stem = f"drishtiGS_{number:03d}"
        save(tmp_path / "original" / part / "Images" / f"{stem}.png", photograph(number))
        for kind, area in (("ODsegSoftmap", DISC), ("cupsegSoftmap", DISC_LABELS == 2)):
            save(tmp_path / "original" / part / "GT" / stem / "SoftMap" / f"{stem}_{kind}.png", area * np.uint8(255))
    assert "found 3 of 101 expected" in run("prepare", "drishti-gs1", tmp_path / "original", tmp_path / "out").stdout
    return tmp_path / "out"


def test_federation_yaml_is_a_task_and_cases_csv_is_kept(prepared: Path) -> None:
    result = run("dataset", "check", prepared / "drishti-gs1", "--task", prepared / "federation.yaml", "--json")
    assert result.exit_code == 0, result.output
    cases = {case["name"]: case for case in json.loads(result.stdout)}
    with (prepared / "drishti-gs1" / "cases.csv").open(newline="") as file:
        written = {row["name"]: row for row in csv.DictReader(file)}
    assert {name: case["split"] for name, case in cases.items() if case["split"] == "test"} == {
        name: row["split"] for name, row in written.items() if row["split"] == "test"
    }
    assert len({case["patient"] for case in cases.values()}) == len({row["patient"] for row in written.values()}) == 3
    text = run("dataset", "check", prepared / "drishti-gs1", "--task", prepared / "federation.yaml").stdout
    assert "cases.csv names" not in text
    assert "does not name" not in text


def test_a_federation_that_is_made_from_federation_yaml_has_its_sites(prepared: Path) -> None:
    content = yaml.safe_load((prepared / "federation.yaml").read_text())
    FederationCreate.model_validate({"name": content["name"], "task": content["task"]})
    for site in content["sites"]:
        SiteCreate.model_validate({"name": site["name"], "slug": site["slug"]})
        assert (prepared / site["folder"] / "images").is_dir()


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.name)
def test_what_prepare_says_of_a_data_set_is_a_task(tmp_path: Path, dataset: PublicDataset) -> None:
    """`prepare NAME --json`, and the parts of its federation.yaml."""
    described = run("prepare", dataset.name, "--json").stdout
    path = tmp_path / "described.json"
    path.write_text(described)
    (tmp_path / "images").mkdir()
    (tmp_path / "masks").mkdir()
    result = run("dataset", "check", tmp_path, "--task", path)
    assert "is empty: put" in result.stderr, result.output
    FederationCreate.model_validate({"name": dataset.title, "task": report.task_of(dataset)})
    for site in dataset.sites:
        SiteCreate.model_validate({"name": site.name, "slug": site.slug})


TASK: dict[str, Any] = {
    "modality": "CT",
    "num_channels": 3,
    "dimensions": 2,
    "structures": [{"name": "optic disc", "label_values": [1, 2]}, {"name": "optic cup", "label_values": [2]}],
}


@pytest.mark.parametrize(
    "content",
    [TASK, {"name": "A", "task": TASK}, [{"name": "A", "id": "1", "task": TASK}]],
    ids=["task", "one", "list"],
)
def test_a_task_is_read_from_whatever_holds_one(prepared: Path, tmp_path: Path, content: object) -> None:
    path = tmp_path / "task.json"
    path.write_text(json.dumps(content))
    assert run("dataset", "check", prepared / "drishti-gs1", "--task", path).exit_code == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([{"task": TASK}, {"task": TASK}], "has 2 federations: give a file with one, or --federation NAME"),
        ({"name": "A"}, "structures: Field required"),
        ([], "valid dictionary"),
    ],
)
def test_a_file_without_one_task_is_refused(prepared: Path, tmp_path: Path, content: object, words: str) -> None:
    path = tmp_path / "task.json"
    path.write_text(json.dumps(content))
    result = run("dataset", "check", prepared / "drishti-gs1", "--task", path)
    assert result.exit_code == 2
    assert words in result.stderr


def test_the_label_map_of_a_data_sets_record_is_a_label_map(prepared: Path, tmp_path: Path) -> None:
    """As `dataset add --json` prints it."""
    label_map = {"structures": {"optic disc": {"values": [1, 2]}, "optic cup": {"values": [2]}}}
    for content in (label_map, {"id": "1", "reading": {"label_map": label_map}}, {"label_map": label_map}):
        path = tmp_path / "record.json"
        path.write_text(json.dumps(content))
        arguments = ("--task", prepared / "federation.yaml", "--label-map", path)
        assert run("dataset", "check", prepared / "drishti-gs1", *arguments).exit_code == 0


def test_predicted_masks_are_masks_of_a_case(tmp_path: Path) -> None:
    """`predict --out masks/eye` writes `eye.optic-disc.png` and so on: one file for each structure."""
    save(tmp_path / "images" / "eye.png", photograph(1))
    (tmp_path / "masks" / "eye").mkdir(parents=True)
    for structure, plane in (("optic-disc", DISC_LABELS > 0), ("optic-cup", DISC_LABELS == 2)):
        (tmp_path / "masks" / "eye" / f"eye.{structure}.png").write_bytes(mask_file(plane, None)[0])
    task = SegmentationTask.model_validate(TASK).model_dump(mode="json")
    (tmp_path / "task.json").write_text(json.dumps(task))
    result = run("dataset", "check", tmp_path, "--task", tmp_path / "task.json", "--json")
    (case,) = json.loads(result.stdout)
    assert case["reason"] is None
    assert case["structure_sizes"] == {"optic disc": 96, "optic cup": 24}


def test_preparing_says_how_far_it_is_where_there_is_no_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fedsm.cli.prepare.SECONDS_BETWEEN_LINES", 0.0)
    for number in range(1, 4):
        save(tmp_path / "original" / f"Image_{number:02d}L.jpg", photograph(number))
        save(tmp_path / "original" / f"Image_{number:02d}L_1stHO.png", DISC * np.uint8(255))
    result = run("prepare", "chase-db1", tmp_path / "original", tmp_path / "out")
    assert [line for line in result.stderr.splitlines() if line.startswith("chase-db1:")] == [
        f"chase-db1: {done} of 3 cases" for done in (1, 2, 3)
    ]


def test_cases_are_prepared_side_by_side_and_told_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first two cases wait for one another: one after the other, neither would ever be done."""
    monkeypatch.setattr("fedsm.public_datasets.prepare.num_usable_cores", lambda: 2)
    chase = dataset_named("chase-db1")
    for number in range(1, 9):
        save(tmp_path / "original" / f"Image_{number:02d}L.jpg", photograph(number))
        save(tmp_path / "original" / f"Image_{number:02d}L_1stHO.png", DISC * np.uint8(255))
    together = threading.Barrier(2)

    def find(source: Path) -> Iterator[SourceCase | LeftOut]:
        for position, case in enumerate(chase.find(source)):
            assert isinstance(case, SourceCase)
            yield replace(case, read=partial(_meeting, together, case.read)) if position < 2 else case

    found = prepare.prepare(replace(chase, find=find), tmp_path / "original", tmp_path / "out")
    assert [case.name for case in found.cases] == [f"Image_{number:02d}L" for number in range(1, 9)]


def _meeting(together: threading.Barrier, read: Callable[[], Picture | Volume]) -> Picture | Volume:
    together.wait(timeout=60)
    return read()
