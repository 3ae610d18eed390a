"""`fedsm experiment dry-run` against a running platform."""

import json
from pathlib import Path

import pytest
import yaml

from backend.contracts.methods.references import FedAvgConfig, LocalOnlyConfig
from backend.federations.schemas import FederationRecord
from fedsm.cli.dry_run import mebibytes, seconds
from tests.integration.live_platform import LivePlatform
from tests.integration.test_cli import fedsm
from tests.integration.tiny_data import TASK, tiny_config, write_sites


@pytest.fixture(scope="module")
def federation(platform: LivePlatform, sites: dict[str, Path]) -> FederationRecord:
    return platform.add_federation("Dry run command", TASK, sites)


def write_file(path: Path, federation: FederationRecord, **changes: object) -> str:
    config = tiny_config(FedAvgConfig(), LocalOnlyConfig(), **changes).model_dump(mode="json")
    path.write_text(yaml.safe_dump({"name": "Tried", "federation": federation.name, "config": config}))
    return str(path)


def test_the_estimate_is_printed_and_no_experiment_made(
    platform: LivePlatform, federation: FederationRecord, tmp_path: Path
) -> None:
    file = write_file(tmp_path / "experiment.yaml", federation)
    done = fedsm(platform, "experiment", "dry-run", "-f", file)
    assert done.returncode == 0, done.stderr
    assert "FedAvg" in done.stdout
    assert "2 runs: about" in done.stdout
    as_json = json.loads(fedsm(platform, "experiment", "dry-run", "-f", file, "--json").stdout)
    assert [entry["strategy_label"] for entry in as_json["estimate"]["strategies"]] == ["FedAvg", "Local-only"]
    assert platform.client.experiments(federation.id) == []


def test_what_cannot_run_is_said_with_exit_code_1(
    platform: LivePlatform, federation: FederationRecord, tmp_path: Path
) -> None:
    """An image is gone at one site; and no processor computes with mixed precision, which is known before."""
    folders = write_sites(tmp_path / "sites")
    moved = platform.add_federation("Moved data", TASK, folders)
    gone = sorted((folders["site-b"] / "images").iterdir())[0]
    gone.unlink()
    done = fedsm(platform, "experiment", "dry-run", "-f", write_file(tmp_path / "moved.yaml", moved), "--json")
    assert done.returncode == 1
    errors = {site["site_slug"]: site["error"] for site in json.loads(done.stdout)["sites"]}
    assert gone.name in errors["site-b"]
    file = write_file(tmp_path / "experiment.yaml", federation, schedule={"rounds": 1, "mixed_precision": True})
    refused = fedsm(platform, "experiment", "dry-run", "-f", file)
    assert refused.returncode == 2
    assert "schedule.mixed_precision = true" in refused.stderr


@pytest.mark.parametrize(
    ("value", "text"), [(0.04, "0.0 s"), (59, "59 s"), (180, "3 min"), (7199, "2.0 h"), (36000, "10.0 h")]
)
def test_times_are_readable(value: float, text: str) -> None:
    assert seconds(value) == text


def test_sizes_are_readable() -> None:
    assert [mebibytes(n * 2**20) for n in (0, 12, 2048)] == ["0.0 MiB", "12.0 MiB", "2.0 GiB"]


def test_check_says_what_would_be_refused_and_what_is_likely_to_be_regretted(
    platform: LivePlatform, federation: FederationRecord, tmp_path: Path
) -> None:
    good = write_file(tmp_path / "good.yaml", federation)
    done = fedsm(platform, "experiment", "check", "-f", good)
    assert done.returncode == 0, done.stderr
    assert "Tried can run in Dry run command: 2 run(s)" in done.stdout
    assert "warning: federation = " in done.stdout
    assert json.loads(fedsm(platform, "experiment", "check", "-f", good, "--json").stdout)["problems"] == []
    bad = write_file(tmp_path / "bad.yaml", federation, held_out_sites=["nowhere"])
    refused = fedsm(platform, "experiment", "check", "-f", bad)
    assert refused.returncode == 2
    assert "problem: held_out_sites = nowhere: " in refused.stdout


def test_an_exported_experiment_is_the_same_when_read(
    platform: LivePlatform, federation: FederationRecord, tmp_path: Path
) -> None:
    file = write_file(tmp_path / "experiment.yaml", federation)
    made = json.loads(fedsm(platform, "experiment", "create", "-f", file, "--no-start", "--json").stdout)
    out = tmp_path / "out.yaml"
    assert fedsm(platform, "experiment", "export", made["id"], "-o", str(out)).returncode == 0
    again = json.loads(fedsm(platform, "experiment", "create", "-f", str(out), "--no-start", "--json").stdout)
    assert again["config"] == made["config"]
    assert (again["name"], again["federation_id"]) == (made["name"], made["federation_id"])


def test_an_experiment_is_renamed_archived_and_deleted(
    platform: LivePlatform, federation: FederationRecord, tmp_path: Path
) -> None:
    file = write_file(tmp_path / "experiment.yaml", federation)
    made = json.loads(fedsm(platform, "experiment", "create", "-f", file, "--no-start", "--json").stdout)
    assert fedsm(platform, "experiment", "rename", made["id"], "Another name").returncode == 0
    refused = fedsm(platform, "experiment", "rename", made["id"], "x" * 81)
    assert refused.returncode != 0
    assert "name" in refused.stderr
    assert fedsm(platform, "experiment", "archive", made["id"]).returncode == 0
    record = platform.client.experiment(made["id"])
    assert record.name == "Another name"
    assert record.archived_at is not None
    assert fedsm(platform, "experiment", "archive", made["id"], "--undo").returncode == 0
    assert platform.client.experiment(made["id"]).archived_at is None
    assert fedsm(platform, "experiment", "delete", made["id"]).returncode != 0  # nobody answers the question
    done = fedsm(platform, "experiment", "delete", made["id"], "--yes")
    assert done.returncode == 0, done.stderr
    assert made["id"] not in [experiment.id for experiment in platform.client.experiments(federation.id)]


def test_a_sweep_shows_its_runs_and_their_cost_and_creates_them_only_when_told(
    platform: LivePlatform, federation: FederationRecord, tmp_path: Path
) -> None:
    file = write_file(tmp_path / "experiment.yaml", federation)
    sweep = ("--sweep", "schedule.batch_size=1,2", "--sweep", "local-only.steps=full,equal")
    before = {record.id for record in platform.client.experiments(federation.id)}
    asked = fedsm(platform, "experiment", "create", "-f", file, *sweep)
    assert asked.returncode == 1  # nobody answers the question
    assert "2 experiment(s), 6 run(s), 12 round(s) in all" in asked.stderr
    assert "kept in the end" in asked.stderr
    assert {record.id for record in platform.client.experiments(federation.id)} == before
    made = fedsm(platform, "experiment", "create", "-f", file, *sweep, "--yes", "--no-estimate", "--no-start", "--json")
    assert made.returncode == 0, made.stderr
    records = json.loads(made.stdout)
    assert [each["name"] for each in records] == ["Tried (schedule.batch_size 1)", "Tried (schedule.batch_size 2)"]
    assert [run["strategy_label"] for run in records[0]["runs"]] == [
        "FedAvg",
        "Local-only (steps full)",
        "Local-only (steps equal)",
    ]
    assert {run["status"] for each in records for run in each["runs"]} == {"created"}
    wrong = fedsm(platform, "experiment", "create", "-f", file, "--sweep", "fedavg.lamda=1")
    assert wrong.returncode != 0
    assert "axes.0.path" in wrong.stderr
    for each in records:
        platform.client.delete_experiment(each["id"])
