"""Start, pause, resume, cancel, delete: what people click, also twice."""

from typing import Any

import pytest

from tests.backend.conftest import make_experiment, start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker


def test_second_start_starts_nothing(backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker) -> None:
    experiment = make_experiment(backend, federation)
    assert experiment["status"] == "created"
    first = backend.post(f"/experiments/{experiment['id']}/start")
    second = backend.post(f"/experiments/{experiment['id']}/start")
    assert first["status"] == second["status"] == "queued"
    assert first["started_at"] == second["started_at"]
    assert len(worker.task_ids("coordinator")) == 1


def test_pause_lets_the_round_end_and_resume_opens_the_next(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    run_id = start_run(backend, federation)
    worker.work_one("coordinator")
    assert backend.post(f"/runs/{run_id}/pause")["status"] == "paused"
    assert backend.post(f"/runs/{run_id}/pause")["status"] == "paused"
    worker.work_until_idle()
    run = backend.get(f"/runs/{run_id}")
    assert (run["status"], run["round"]) == ("paused", 1)
    assert len(backend.get(f"/runs/{run_id}/rounds")) == 2, "round 1 was aggregated"
    backend.recover()
    assert worker.task_ids("simulated") == []
    assert backend.post(f"/runs/{run_id}/resume")["status"] == "running"
    assert backend.post(f"/runs/{run_id}/resume")["status"] == "running"
    worker.work_until_idle()
    assert backend.get(f"/runs/{run_id}")["status"] == "completed"


def test_pause_before_the_initialization(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    run_id = start_run(backend, federation)
    backend.post(f"/runs/{run_id}/pause")
    worker.work_until_idle()
    assert backend.get(f"/runs/{run_id}")["status"] == "paused"
    backend.post(f"/runs/{run_id}/resume")
    worker.work_until_idle()
    assert backend.get(f"/runs/{run_id}")["status"] == "completed"


def test_cancel_stops_running_tasks_and_resume_goes_on_with_the_same_hashes(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    run_id = start_run(backend, federation)
    worker.work_one("coordinator")
    first, second, third = worker.task_ids("simulated")
    assert worker.complete(worker.must_claim(first)).status_code == 204
    running = worker.must_claim(second)
    assert backend.post(f"/runs/{run_id}/cancel")["status"] == "cancelled"
    assert worker.claim(third).status_code == 409
    assert worker.progress(running).json()["action"] == "stop"
    assert worker.complete(running).json()["error"] == "attempt_superseded"
    assert worker.fail_task(running, "stopped").status_code == 204

    backend.post(f"/runs/{run_id}/resume")
    assert worker.progress(running).json()["error"] == "attempt_superseded", "the old attempt is not revived"
    worker.work_until_idle()
    assert backend.get(f"/runs/{run_id}")["status"] == "completed"

    other_id = start_run(backend, federation)
    worker.work_until_idle()
    hashes = [
        [part["sha256"] for state in backend.get(f"/runs/{run}/rounds") for part in state["parts"]]
        for run in (run_id, other_id)
    ]
    assert hashes[0] == hashes[1]


def test_all_stopped_runs_go_on_by_one_click_and_the_others_are_left_alone(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    experiment = make_experiment(backend, federation)
    path = f"/experiments/{experiment['id']}"
    backend.post(f"{path}/start")
    worker.work_until_idle()
    later = make_experiment(backend, federation, seeds=[0, 1, 2])
    path = f"/experiments/{later['id']}"
    backend.post(f"{path}/start")
    first, second, third = (run["id"] for run in later["runs"])
    backend.post(f"/runs/{second}/cancel")
    backend.post(f"/runs/{first}/pause")
    for answer in map(worker.claim, worker.task_ids("coordinator")):
        if answer.status_code == 200:  # all but the cancelled run's
            worker.complete(answer.json())
    resumed = backend.post(f"{path}/resume")
    assert [run["status"] for run in resumed["runs"]] == ["running", "queued", "running"]
    assert backend.post(f"{path}/resume") == resumed, "a second click changes nothing"
    worker.work_until_idle()
    assert backend.get(path)["status"] == "completed"
    done = backend.post(f"/experiments/{experiment['id']}/resume")
    assert {run["status"] for run in done["runs"]} == {"completed"}
    assert backend.get(f"/runs/{third}")["status"] == "completed"


def test_cancel_before_start_then_resume(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    experiment = make_experiment(backend, federation)
    assert backend.post(f"/experiments/{experiment['id']}/cancel")["status"] == "cancelled"
    run_id = experiment["runs"][0]["id"]
    assert backend.post(f"/runs/{run_id}/resume")["status"] == "queued"
    worker.work_until_idle()
    assert backend.get(f"/runs/{run_id}")["status"] == "completed"


def test_completed_run_cannot_be_paused_or_resumed(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    run_id = start_run(backend, federation, schedule={"rounds": 1})
    worker.work_until_idle()
    for action in ("pause", "resume"):
        response = backend.admin.post(f"/api/v1/runs/{run_id}/{action}")
        assert (response.status_code, response.json()["error"]) == (409, "transition_not_allowed")
    assert backend.post(f"/runs/{run_id}/cancel")["status"] == "completed", "what is over stays as it is"


def test_later_changes_do_not_alter_a_started_run(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    start_run(backend, federation)
    site = backend.post(f"/federations/{federation['id']}/sites", {"name": "d"})
    backend.post(f"/sites/{site['id']}/datasets", {"name": "Fundus", "folder": "/data/d"})
    worker.work_until_idle()
    assert {participant for kind, participant, _ in worker.done if kind == "train_site"} == {"a", "b", "c"}


def test_delete_only_what_nothing_needs(backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker) -> None:
    run_id = start_run(backend, federation)
    experiment_id = backend.get(f"/runs/{run_id}")["experiment_id"]
    dataset = backend.get(f"/federations/{federation['id']}/datasets")[0]
    response = backend.admin.delete(f"/api/v1/experiments/{experiment_id}")
    assert (response.status_code, response.json()["error"]) == (409, "experiment_running")
    response = backend.admin.delete(f"/api/v1/datasets/{dataset['id']}")
    assert (response.status_code, response.json()["error"]) == (409, "dataset_in_use")
    assert "delete these experiments first" in response.json()["detail"]

    worker.work_until_idle()
    assert backend.admin.delete(f"/api/v1/experiments/{experiment_id}").status_code == 204
    assert backend.admin.get(f"/api/v1/runs/{run_id}").status_code == 404
    assert backend.admin.delete(f"/api/v1/datasets/{dataset['id']}").status_code == 204
    assert backend.admin.get(f"/api/v1/datasets/{dataset['id']}").json()["error"] == "not_found"
    deleted = [event for event in backend.get("/events", limit=1000) if event["experiment_id"] == experiment_id]
    assert deleted, "the record of what happened stays"


@pytest.mark.parametrize("paused", [False, True])
def test_nothing_is_archived_under_a_run(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker, paused: bool
) -> None:
    run_id = start_run(backend, federation)
    if paused:
        backend.post(f"/runs/{run_id}/pause")
    experiment = f"/experiments/{backend.get(f'/runs/{run_id}')['experiment_id']}"
    for path in (experiment, f"/federations/{federation['id']}"):
        refused = backend.admin.patch(f"/api/v1{path}", json={"archived": True})
        assert (refused.status_code, refused.json()["error"]) == (409, "experiment_running")
        assert "cancel" in refused.json()["detail"]
        assert backend.get(path)["archived_at"] is None
    backend.post(f"/runs/{run_id}/cancel")
    for path in (experiment, f"/federations/{federation['id']}"):
        assert backend.admin.patch(f"/api/v1{path}", json={"archived": True}).status_code == 200
        assert backend.get(path)["archived_at"] is not None
