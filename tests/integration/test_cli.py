"""The `fedsm` command against a running platform: output, files and exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.selector_configs import LdaSelector
from backend.federations.schemas import FederationRecord
from tests.conftest import wait_until
from tests.forked import fedsm_in_fork
from tests.integration.live_platform import LivePlatform
from tests.integration.tiny_data import NUM_CASES, SITES, TASK, tiny_config, write_sites

STRATEGIES = (FedSMConfig(selector=LdaSelector(minimum_cases=2)), FedAvgConfig())


@pytest.fixture(scope="module")
def federation(platform: LivePlatform, sites: dict[str, Path]) -> FederationRecord:
    return platform.add_federation("Command line", TASK, sites)


@pytest.fixture
def experiment_file(tmp_path: Path, federation: FederationRecord) -> Path:
    config = tiny_config(*STRATEGIES).model_dump(mode="json")
    path = tmp_path / "experiment.yaml"
    path.write_text(yaml.safe_dump({"name": "From a file", "federation": federation.name, "config": config}))
    return path


def fedsm(platform: LivePlatform, *arguments: str) -> "subprocess.CompletedProcess[str]":
    own = {"FEDSM_SERVER": platform.client.server, "FEDSM_TOKEN": platform.admin_token, "COLUMNS": "200"}
    return fedsm_in_fork(arguments, {**os.environ, **own})


def test_create_and_watch_ends_with_the_results(platform: LivePlatform, experiment_file: Path) -> None:
    done = fedsm(platform, "experiment", "create", "-f", str(experiment_file), "--watch")
    assert done.returncode == 0, done.stderr
    assert "FedSM, seed 0: round 2 of 2 (completed)" in done.stdout
    assert "Mean Dice on test cases" in done.stdout
    assert all(site in done.stdout for site in SITES)
    assert "the selector names the right site in 100%" in done.stdout


def test_json_is_one_object_a_line(platform: LivePlatform, experiment_file: Path) -> None:
    done = fedsm(platform, "experiment", "create", "-f", str(experiment_file), "--watch", "--json")
    assert done.returncode == 0, done.stderr
    runs = [json.loads(line) for line in done.stdout.splitlines()]
    last = {run["strategy"]["name"]: run["status"] for run in runs}
    assert last == {"fedsm": "completed", "fedavg": "completed"}
    listed = json.loads(fedsm(platform, "experiment", "list", "--federation", "Command line", "--json").stdout)
    assert runs[0]["experiment_id"] in {experiment["id"] for experiment in listed}


def test_a_failed_run_gives_exit_code_1_and_its_cause(platform: LivePlatform, tmp_path: Path) -> None:
    folders = write_sites(tmp_path / "sites")
    federation = platform.add_federation("Command line, a file gone", TASK, folders)
    (folders["site-a"] / "images" / "case-00.png").unlink()
    config = tiny_config(FedAvgConfig(), minimum_sites=3).model_dump(mode="json")
    path = tmp_path / "experiment.yaml"
    path.write_text(yaml.safe_dump({"name": "Fails", "config": config}))
    done = fedsm(platform, "experiment", "create", "-f", str(path), "--federation", federation.id, "--watch")
    assert done.returncode == 1
    assert "site-a" in done.stderr
    assert "case-00.png" in done.stderr


def test_a_wrong_file_gives_exit_code_2_with_field_and_value(platform: LivePlatform, experiment_file: Path) -> None:
    experiment_file.write_text(experiment_file.read_text().replace("rounds: 2", "rounds: 0"))
    done = fedsm(platform, "experiment", "create", "-f", str(experiment_file))
    assert done.returncode == 2
    assert "config.schedule.rounds = 0" in done.stderr


def test_what_only_the_backend_can_know_is_told_the_same_way(platform: LivePlatform, experiment_file: Path) -> None:
    experiment_file.write_text(experiment_file.read_text().replace("lambda: 0.7", "lambda: 0.3"))
    done = fedsm(platform, "experiment", "create", "-f", str(experiment_file))
    assert done.returncode == 2
    assert "lambda = 0.3" in done.stderr
    assert "1/K = 0.333" in done.stderr


def test_no_server_is_told_with_the_remedy(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FEDSM_")}
    command = [sys.executable, "-m", "fedsm", "experiment", "list", "--home", str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "start it with `fedsm up`" in done.stderr


def test_a_good_folder_passes_its_check(platform: LivePlatform, sites: dict[str, Path]) -> None:
    options = ("--structure", "optic disc=1,2", "--structure", "optic cup=2")
    done = fedsm(platform, "dataset", "check", str(sites["site-a"]), *options)
    assert done.returncode == 0, done.stdout
    assert f"{NUM_CASES['site-a']} of {NUM_CASES['site-a']} cases can be used" in done.stdout


def test_a_folder_with_a_bad_case_names_it(platform: LivePlatform, tmp_path: Path) -> None:
    folder = write_sites(tmp_path)["site-a"]
    (folder / "masks" / "case-03.png").unlink()
    plain = fedsm(platform, "dataset", "check", str(folder), "--federation", "Command line")
    assert plain.returncode == 1
    assert "case-03" in plain.stdout
    assert "9 of 10 cases can be used" in plain.stdout
    cases = json.loads(fedsm(platform, "dataset", "check", str(folder), "--json").stdout)
    assert [case["reason_code"] for case in cases if case["reason_code"]] == ["no_mask"]


def test_a_folder_that_is_none_gives_exit_code_2(platform: LivePlatform, tmp_path: Path) -> None:
    done = fedsm(platform, "dataset", "check", str(tmp_path / "absent"))
    assert done.returncode == 2
    assert "absent is not there" in done.stderr


def test_storage_says_what_is_held_and_cleans_up(platform: LivePlatform, federation: FederationRecord) -> None:
    wait_until(lambda: platform.client.storage().unowned_bytes == 0, 60, "uploads of finished rounds to go")
    found = json.loads(fedsm(platform, "storage", "--json").stdout)
    thumbnails = [row for row in found["datasets"] if row["num_files"] == NUM_CASES[SITES[0]]]
    assert thumbnails
    assert found["num_bytes"] == platform.client.storage().num_bytes
    shown = fedsm(platform, "storage")
    assert "data set cases of site-a" in shown.stdout
    assert shown.returncode == (1 if any(disk["warning"] for disk in found["disks"]) else 0)
    swept = fedsm(platform, "storage", "sweep", "--json")
    assert json.loads(swept.stdout).keys() == {"num_files", "num_bytes", "num_leftovers"}
    unknown = fedsm(platform, "storage", "withdraw", "nowhere", "--federation", federation.name)
    assert (unknown.returncode, "there are: site-a, site-b, site-c" in unknown.stderr) == (2, True)
    nothing = fedsm(platform, "storage", "withdraw", "site-a", "--federation", federation.name)
    assert nothing.stdout == "there is nothing that the policy forbids\n"
