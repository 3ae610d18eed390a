"""Dry runs through the ledger, with a played worker."""

from typing import Any

from tests.backend.conftest import FEDSM
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker

CONFIG = {"schedule": {"rounds": 3}, "strategies": [FEDSM, {"name": "fedavg"}]}


def start(backend: LiveBackend, federation: dict[str, Any], **changes: Any) -> dict[str, Any]:
    started: dict[str, Any] = backend.post(f"/federations/{federation['id']}/dry-runs", {"config": CONFIG | changes})
    return started


def test_every_site_answers_and_the_estimate_follows(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    """A site's round is 2 steps of 2 s; three simulated sites and no worker that says how many processes it has."""
    started = start(backend, federation)
    assert (started["status"], started["estimate"]) == ("running", None)
    assert [site["status"] for site in started["sites"]] == ["queued"] * 3
    worker.work_until_idle()
    done = backend.get(f"/dry-runs/{started['id']}")
    assert done["status"] == "completed"
    assert [site["site_slug"] for site in done["sites"]] == ["a", "b", "c"]
    assert all(site["result"]["num_cases"] == {"train": 2, "val": 1, "test": 1} for site in done["sites"])
    estimate = done["estimate"]
    assert [entry["strategy_label"] for entry in estimate["strategies"]] == ["FedSM", "FedAvg"]
    assert estimate["strategies"][0]["seconds_per_round"] == 3 * 2 * 2
    assert estimate["seconds"] == 2 * 3 * 12
    assert (estimate["num_runs"], estimate["num_processes"]) == (2, 1)


def test_a_held_out_site_trains_nothing(backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]) -> None:
    started = start(backend, federation, held_out_sites=["b"])
    worker.work_until_idle()
    done = backend.get(f"/dry-runs/{started['id']}")
    assert [len(site["result"]["strategies"]) for site in done["sites"]] == [2, 0, 2]
    assert done["estimate"]["strategies"][1]["seconds_per_round"] == 2 * 2 * 2


def test_a_site_that_cannot_is_named_with_its_cause(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    worker.fail = lambda kind, participant, _round: (
        "there was not enough memory" if (kind, participant) == ("dry_run_site", "b") else None
    )
    started = start(backend, federation)
    worker.work_until_idle()
    done = backend.get(f"/dry-runs/{started['id']}")
    assert (done["status"], done["estimate"]) == ("failed", None)
    assert [site["error"] for site in done["sites"]] == [None, "there was not enough memory", None]
    events = backend.get("/events", federation_id=federation["id"], limit=50)
    assert any("there was not enough memory" in event["message"] and event["site_slug"] == "b" for event in events)


def test_cancelled_work_is_dropped(backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]) -> None:
    started = start(backend, federation)
    task_id = worker.next_task_id("simulated")
    assert task_id is not None
    claimed = worker.must_claim(task_id)
    cancelled = backend.post(f"/dry-runs/{started['id']}/cancel")
    assert cancelled["status"] == "cancelled"
    assert worker.progress(claimed).json()["action"] == "stop"
    waiting = worker.task_ids("simulated")
    assert len(waiting) == 2
    assert all(worker.claim(other).status_code == 409 for other in waiting)
    assert backend.post(f"/dry-runs/{started['id']}/cancel")["status"] == "cancelled"


def test_what_an_experiment_would_refuse_is_not_tried(backend: LiveBackend, federation: dict[str, Any]) -> None:
    config = CONFIG | {"strategies": [{"name": "fedavg", "aggregation": {"name": "krum", "byzantine": 3}}]}
    response = backend.admin.post(f"/api/v1/federations/{federation['id']}/dry-runs", json={"config": config})
    assert response.status_code == 422
    assert response.json()["fields"][0]["field"] == "strategies.0.aggregation.name"


def test_deleting_nothing_is_left_of_a_dry_run_in_the_federations_experiments(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    start(backend, federation)
    worker.work_until_idle()
    assert backend.get(f"/federations/{federation['id']}/experiments") == []
