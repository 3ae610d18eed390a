"""Experiments that begin with the models of another run."""

from typing import Any

import yaml

from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.start_model import StartFrom
from backend.ledger.start_model import part_problems
from tests.backend.conftest import DISC, make_experiment, start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker

DITTO = {"name": "ditto"}


def problems(backend: LiveBackend, federation: dict[str, Any], **config: Any) -> list[tuple[str, str]]:
    body = {"config": {"strategies": [{"name": "fedavg"}]} | config}
    found = backend.post(f"/federations/{federation['id']}/experiments/check", body)["problems"]
    return [(problem["field"], problem["message"]) for problem in found]


def test_a_run_begins_with_the_models_of_another(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker, completed_run: str
) -> None:
    parts = {part["name"]: part["sha256"] for part in backend.get(f"/runs/{completed_run}/model")["parts"]}
    experiment = make_experiment(backend, federation, strategies=[DITTO], start_from={"run": completed_run})
    text = backend.admin.get(f"/api/v1/experiments/{experiment['id']}/file.yaml").text
    assert yaml.safe_load(text)["config"]["start_from"] == {
        "run": completed_run,
        "version": None,
        "models": "all",
    }
    assert backend.post("/experiment-files/read", {"text": text})["problems"] == []

    run_id = backend.post(f"/experiments/{experiment['id']}/start")["runs"][0]["id"]
    task_id = worker.next_task_id("coordinator")
    assert task_id is not None
    claimed = worker.must_claim(task_id)
    start = claimed["payload"]["run"]["start"]
    wanted = {"global", "personalized/a", "personalized/b", "personalized/c"}
    assert start["parts"] == {name: parts[name] for name in wanted}
    worker.complete(claimed)
    worker.work_until_idle()
    assert backend.get(f"/runs/{run_id}/model")["start"]["run_id"] == completed_run
    (note,) = backend.get(f"/runs/{run_id}")["notes"]
    assert note == f"Training began with the models of Try: FedSM, seed 0, round 1 (run {completed_run})."

    first = backend.get(f"/runs/{completed_run}")["experiment_id"]
    assert backend.admin.delete(f"/api/v1/experiments/{first}").status_code == 204
    assert backend.post("/storage/sweep") is not None
    (kept,) = {start["parts"]["global"]}
    assert backend.admin.get(f"/api/v1/artifacts/{kept}").status_code == 200, "what the run began with is its own"


def test_the_global_model_alone_is_taken_where_that_is_asked(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker, completed_run: str
) -> None:
    start_run(backend, federation, strategies=[DITTO], start_from={"run": completed_run, "models": "global"})
    task_id = worker.next_task_id("coordinator")
    assert task_id is not None
    assert set(worker.must_claim(task_id)["payload"]["run"]["start"]["parts"]) == {"global"}


def test_a_model_that_does_not_fit_is_refused_field_by_field(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker, completed_run: str
) -> None:
    fitting = {"start_from": {"run": completed_run}}
    assert problems(backend, federation, **fitting) == []
    assert problems(backend, federation, start_from={"run": "nowhere"}) == [("start_from.run", "is no run here")]
    network = {"name": "unet", "channels": [8, 16], "norm": "batch"}
    assert [field for field, _ in problems(backend, federation, **fitting, network=network)] == [
        "network.channels",
        "network.norm",
    ]
    ((field, message),) = problems(backend, federation, **fitting, network={"name": "segresnet"})
    assert (field, message) == ("network.name", "is unet in the model that training begins with")

    structures = [{"name": "cup", "label_values": [2]}, {"name": "disc", "label_values": [1]}]
    other = backend.post(
        "/federations", {"name": "Others", "task": DISC | {"num_channels": 1, "structures": structures}}
    )
    site = backend.post(f"/federations/{other['id']}/sites", {"name": "a"})
    backend.post(f"/sites/{site['id']}/datasets", {"name": "Fundus", "folder": "/data/a"})
    worker.work_until_idle()
    messages = [message for _, message in problems(backend, other, **fitting)]
    assert messages == [
        "segments disc in this order, and the federation cup, disc",
        "takes images of 3 channel(s), and the federation's have 1",
    ]


def test_a_run_that_has_no_model_yet_is_refused(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    run_id = start_run(backend, federation)
    assert problems(backend, federation, start_from={"run": run_id}) == [
        ("start_from.run", "is queued: it has no model yet")
    ]


def test_a_model_without_a_global_one_is_for_local_training_only() -> None:
    parts = {"personalized/a", "personalized/b"}

    def fields(names: list[str], models: str, sites: list[str]) -> list[str]:
        config = ExperimentConfig.model_validate({"strategies": [{"name": name} for name in names]})
        wanted = StartFrom.model_validate({"run": "r", "models": models})
        return [problem.field for problem in part_problems(parts, config, wanted, sites)]

    assert fields(["local-only"], "all", ["a", "b"]) == []
    assert fields(["local-only"], "all", ["a", "c"]) == ["start_from.run"]
    assert fields(["fedavg", "local-only"], "all", ["a", "b"]) == ["start_from.run"]
    assert fields(["local-only"], "global", ["a", "b"]) == ["start_from.models"]


def test_other_images_and_sites_without_a_model_are_told(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker, completed_run: str
) -> None:
    site = backend.post(f"/federations/{federation['id']}/sites", {"name": "d"})
    backend.post(f"/sites/{site['id']}/datasets", {"name": "Fundus", "folder": "/data/d"})
    worker.work_until_idle()
    config = {"strategies": [DITTO], "start_from": {"run": completed_run}, "data": {"image_size": 128}}
    found = backend.post(f"/federations/{federation['id']}/experiments/check", {"config": config})["warnings"]
    told = {(warning["field"], warning["value"]) for warning in found}
    assert ("start_from.run", "d") in told
    assert ("data.image_size", "128") in told
