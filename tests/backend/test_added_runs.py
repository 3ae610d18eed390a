"""Methods and seeds that are added to an experiment which has run already."""

import json
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from fedsm.cli.app import app
from fedsm.cli.shared import EXIT_WRONG_INPUT
from tests.backend.conftest import FEDSM, make_experiment
from tests.backend.live_backend import ADMIN_TOKEN, LiveBackend
from tests.backend.played_worker import PlayedWorker

FEDAVG = {"name": "fedavg"}


@pytest.fixture
def finished(backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]) -> dict[str, Any]:
    """FedSM and FedAvg with seed 0, both completed."""
    experiment = make_experiment(backend, federation, strategies=[FEDSM, FEDAVG])
    backend.post(f"/experiments/{experiment['id']}/start")
    worker.work_until_idle()
    done: dict[str, Any] = backend.get(f"/experiments/{experiment['id']}")
    return done


def pairs(experiment: dict[str, Any]) -> list[tuple[str, int, str]]:
    return [(run["strategy_label"], run["seed"], run["status"]) for run in experiment["runs"]]


def test_what_is_missing_is_trained_and_nothing_else(
    backend: LiveBackend, worker: PlayedWorker, finished: dict[str, Any]
) -> None:
    path = f"/experiments/{finished['id']}"
    before = {run["id"]: backend.get(f"/runs/{run['id']}/rounds") for run in finished["runs"]}
    body = {"strategies": [{"name": "fedprox"}], "seeds": [3], "start": False}
    added = backend.post(f"{path}/runs", body)
    assert pairs(added) == [
        ("FedSM", 0, "completed"),
        ("FedAvg", 0, "completed"),
        ("FedSM", 3, "created"),
        ("FedAvg", 3, "created"),
        ("FedProx", 0, "created"),
        ("FedProx", 3, "created"),
    ]
    assert added["config"]["seeds"] == [0, 3]
    assert [strategy["name"] for strategy in added["config"]["strategies"]] == ["fedsm", "fedavg", "fedprox"]
    backend.post(f"{path}/start")
    worker.work_until_idle()
    done = backend.get(path)
    assert {status for _, _, status in pairs(done)} == {"completed"}
    assert {id_: backend.get(f"/runs/{id_}/rounds") for id_ in before} == before, "what was trained is as it was"
    labels = {cell["strategy_label"] for cell in backend.get(f"{path}/results")["cells"]}
    assert labels == {"FedSM", "FedAvg", "FedProx"}
    words = [event["message"] for event in backend.get("/events", experiment_id=finished["id"])]
    assert any("added runs to the experiment Try: FedSM with seed 3, FedAvg with seed 3" in text for text in words)
    file = backend.admin.get(f"/api/v1{path}/file.yaml").text
    assert "fedprox" in file


def test_another_variant_gives_both_a_label_and_starts_at_once(
    backend: LiveBackend, worker: PlayedWorker, finished: dict[str, Any]
) -> None:
    added = json.loads(add(backend, finished, "--method", json.dumps(FEDSM | {"lambda": 0.9}), "--json").stdout)
    worker.work_until_idle()
    assert added["status"] in ("queued", "running")
    done = backend.get(f"/experiments/{finished['id']}")
    assert [label for label, _, _ in pairs(done)] == ["FedSM (lambda 0.7)", "FedAvg", "FedSM (lambda 0.9)"]


def test_a_method_that_cannot_be_read_is_refused_by_the_command(backend: LiveBackend, finished: dict[str, Any]) -> None:
    texts = ('{"name": ', '{"name": "fedsm", "mu": 1}')
    damaged, unknown = (add(backend, finished, "--method", text) for text in texts)
    assert (damaged.exit_code, unknown.exit_code) == (EXIT_WRONG_INPUT, EXIT_WRONG_INPUT)
    assert "is no JSON object" in damaged.stderr
    assert "mu: Extra inputs are not permitted" in unknown.stderr


def add(backend: LiveBackend, experiment: dict[str, Any], *options: str) -> Result:
    environment = {"FEDSM_SERVER": backend.url, "FEDSM_TOKEN": ADMIN_TOKEN, "COLUMNS": "300"}
    return CliRunner().invoke(app, ["experiment", "add", experiment["id"], *options], env=environment)


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({}, "strategies", "adds nothing"),
        ({"seeds": [0]}, "seeds", "is in the experiment already"),
        ({"strategies": [FEDAVG]}, "strategies.0", "is in the experiment with these settings"),
        ({"seeds": [4, 4]}, "seeds", "seeds must differ"),
        ({"strategies": [{"name": "fedprox"}, {"name": "fedprox"}]}, "strategies", "the same configuration twice"),
        (
            {"strategies": [{"name": "fedprox"}, {"name": "fine-tuning", "fine_tuning_rounds": 99}]},
            "strategies.1.fine_tuning_rounds",
            "leaves no round",
        ),
    ],
)
def test_what_cannot_be_added_is_refused(
    backend: LiveBackend, finished: dict[str, Any], body: dict[str, Any], field: str, words: str
) -> None:
    answer = backend.admin.post(f"/api/v1/experiments/{finished['id']}/runs", json=body)
    assert answer.status_code == 422
    (problem,) = answer.json()["fields"]
    assert (problem["field"], words in problem["message"], bool(problem["remedy"])) == (field, True, True)
    assert len(backend.get(f"/experiments/{finished['id']}")["runs"]) == 2
