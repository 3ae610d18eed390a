"""What may go wrong between two steps: messages twice, workers lost, reports late. The run ends the same."""

import threading
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from backend.clock import now
from backend.db.models import Task
from backend.db.session import unit_of_work
from tests.backend.conftest import start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker

pytestmark = pytest.mark.every_database


@pytest.fixture
def trainings(backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker) -> list[str]:
    """Task ids of round 1 of a started FedAvg run, in site order."""
    start_run(backend, federation)
    worker.work_one("coordinator")
    return worker.task_ids("simulated")


def expire_lease(backend: LiveBackend, task_id: str) -> None:
    """As if the lease had ended a second ago."""
    with unit_of_work(backend.platform.database) as session:
        session.execute(update(Task).where(Task.id == task_id).values(lease_expires_at=now() - timedelta(seconds=1)))


def task_of(backend: LiveBackend, task_id: str) -> dict[str, Any]:
    experiment = backend.get(f"/federations/{backend.get('/federations')[0]['id']}/experiments")[0]
    tasks = backend.get(f"/runs/{experiment['runs'][0]['id']}/tasks")
    return next(task for task in tasks if task["id"] == task_id)


def error_of(response: httpx.Response) -> str:
    assert response.status_code == 409, response.text
    return str(response.json()["error"])


def test_second_claim_is_refused(trainings: list[str], worker: PlayedWorker) -> None:
    assert worker.must_claim(trainings[0])["attempt"] == 1
    assert error_of(worker.claim(trainings[0])) == "task_not_claimable"
    assert error_of(worker.claim("0123456789abcdef")) == "task_not_claimable"


def test_of_many_claims_at_once_one_wins(trainings: list[str], worker: PlayedWorker) -> None:
    codes = _at_once([lambda: worker.claim(trainings[0]).status_code for _ in range(8)])
    assert sorted(codes) == [200] + [409] * 7


def test_completing_twice_changes_nothing(backend: LiveBackend, trainings: list[str], worker: PlayedWorker) -> None:
    claims = [worker.must_claim(task_id) for task_id in trainings]
    for claim in claims:
        assert worker.complete(claim).status_code == 204
    aggregations = worker.task_ids("coordinator")
    assert len(aggregations) == 1
    num_events = len(backend.get("/events", limit=1000))
    assert worker.complete(claims[2]).status_code == 204
    assert worker.task_ids("coordinator") == []
    assert len(backend.get("/events", limit=1000)) == num_events


def test_last_two_completions_at_once_open_one_aggregation(
    backend: LiveBackend, trainings: list[str], worker: PlayedWorker
) -> None:
    claims = [worker.must_claim(task_id) for task_id in trainings]
    results = [worker.work(claim["payload"]) for claim in claims]
    pairs = list(zip(claims, results, strict=True)) * 2  # and each one twice
    codes = _at_once([lambda c=claim, r=result: worker.complete(c, r).status_code for claim, result in pairs])
    assert codes == [204] * 6
    assert len(worker.task_ids("coordinator")) == 1
    tasks = backend.get(f"/runs/{task_run(backend)}/tasks")
    assert [task["kind"] for task in tasks].count("aggregate_round") == 1


def test_lost_lease_is_claimed_again_and_late_reports_are_refused(
    backend: LiveBackend, trainings: list[str], worker: PlayedWorker
) -> None:
    lost = worker.must_claim(trainings[0])
    expire_lease(backend, trainings[0])
    backend.recover()
    assert worker.task_ids("simulated") == [trainings[0]], "its message was sent again"
    assert error_of(worker.progress(lost)) == "attempt_superseded"

    again = worker.must_claim(trainings[0])
    assert again["attempt"] == 2
    assert again["payload"] == lost["payload"], "a repeated attempt starts from the same state"
    assert error_of(worker.progress(lost)) == "attempt_superseded"
    assert error_of(worker.complete(lost)) == "attempt_superseded"
    assert error_of(worker.fail_task(lost, "late")) == "attempt_superseded"
    assert worker.progress(again).status_code == 200
    assert worker.complete(again).status_code == 204
    assert error_of(worker.complete(lost)) == "attempt_superseded"


def test_report_renews_the_lease(backend: LiveBackend, trainings: list[str], worker: PlayedWorker) -> None:
    claim = worker.must_claim(trainings[0])
    expire_lease(backend, trainings[0])
    assert worker.progress(claim).json()["action"] == "continue"
    backend.recover()
    assert task_of(backend, trainings[0])["status"] == "running"


def test_third_lost_lease_crashes_the_task(backend: LiveBackend, trainings: list[str], worker: PlayedWorker) -> None:
    for _ in range(3):
        worker.must_claim(trainings[0])
        expire_lease(backend, trainings[0])
        backend.recover()
    task = task_of(backend, trainings[0])
    assert (task["status"], task["attempt"]) == ("crashed", 3)
    assert "played-worker was lost" in task["error"]
    assert error_of(worker.claim(trainings[0])) == "task_not_claimable"


def test_passing_failure_is_tried_again(backend: LiveBackend, trainings: list[str], worker: PlayedWorker) -> None:
    claim = worker.must_claim(trainings[0])
    for _ in range(2):  # said twice, counted once
        assert worker.fail_task(claim, "disk full", retryable=True).status_code == 204
    assert worker.task_ids("simulated") == [trainings[0]]
    assert worker.complete(worker.must_claim(trainings[0])).status_code == 204
    assert task_of(backend, trainings[0])["error"] is None


def test_lasting_failure_is_not(backend: LiveBackend, trainings: list[str], worker: PlayedWorker) -> None:
    claim = worker.must_claim(trainings[0])
    assert worker.fail_task(claim, "mask of another size").status_code == 204
    task = task_of(backend, trainings[0])
    assert (task["status"], task["error"]) == ("failed", "mask of another size")
    assert worker.task_ids("simulated") == []


def test_task_given_back_is_queued_at_once_and_counts_no_failure(
    backend: LiveBackend, trainings: list[str], worker: PlayedWorker
) -> None:
    for attempt in range(1, 6):  # more often than a task may fail
        claim = worker.must_claim(trainings[0])
        assert claim["attempt"] == attempt
        for _ in range(2):
            assert worker.release(claim).status_code == 204
        assert worker.task_ids("simulated") == [trainings[0]]
        assert error_of(worker.complete(claim)) == "attempt_superseded"
    assert worker.complete(worker.must_claim(trainings[0])).status_code == 204
    assert not [event for event in backend.get("/events", limit=1000) if event["level"] != "info"]


def test_lost_message_is_sent_again(backend: LiveBackend, trainings: list[str], worker: PlayedWorker) -> None:
    backend.recover()
    assert worker.task_ids("simulated") == [], "what was sent just now is not repeated"
    with unit_of_work(backend.platform.database) as session:
        session.execute(update(Task).values(sent_at=now() - timedelta(seconds=21)))
    backend.recover()
    assert sorted(worker.task_ids("simulated")) == sorted(trainings)
    backend.recover()
    assert worker.task_ids("simulated") == []


def test_restart_in_mid_round_changes_nothing(backend: LiveBackend, trainings: list[str], worker: PlayedWorker) -> None:
    claim = worker.must_claim(trainings[0])
    backend.restart()
    worker.client = backend.worker
    assert worker.progress(claim).json()["action"] == "continue"
    assert worker.complete(claim).status_code == 204
    for task_id in trainings[1:]:
        assert worker.complete(worker.must_claim(task_id)).status_code == 204
    worker.work_until_idle()
    assert backend.get(f"/runs/{task_run(backend)}")["status"] == "completed"


def test_backend_killed_after_the_last_completion_goes_on(
    backend: LiveBackend, trainings: list[str], worker: PlayedWorker
) -> None:
    """All trainings are completed, but whoever should have opened the aggregation died: recovery opens it."""
    for task_id in trainings:
        worker.complete(worker.must_claim(task_id))
    aggregation = worker.task_ids("coordinator")[0]
    with unit_of_work(backend.platform.database) as session:
        session.delete(session.get_one(Task, aggregation))
    backend.recover()
    assert len(worker.task_ids("coordinator")) == 1


def test_result_of_another_kind_or_without_its_artifacts_is_refused(
    backend: LiveBackend, trainings: list[str], worker: PlayedWorker
) -> None:
    claim = worker.must_claim(trainings[0])
    response = worker.complete(claim, {"kind": "validate_site", "metrics": []})
    assert response.status_code == 422
    assert response.json()["fields"][0]["field"] == "result.kind"
    result = worker.work(claim["payload"]) | {"parts": {"global": "0" * 64}}
    response = worker.complete(claim, result)
    assert response.status_code == 422
    assert "not uploaded" in response.json()["detail"]
    assert task_of(backend, trainings[0])["status"] == "running", "nothing was changed"


def test_heartbeat_brings_a_worker_online_and_silence_offline(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    heartbeat = {"worker": "w", "queues": ["simulated"], "hardware": "2 CPU cores", "num_processes": 2}
    assert backend.worker.post("/worker-api/v1/heartbeat", json=heartbeat).status_code == 204
    system = backend.get("/system")
    assert system["broker_connected"] is True
    assert [(record["name"], record["online"]) for record in system["workers"]] == [("w", True)]
    start_run(backend, federation)
    worker.work_one("coordinator")
    worker.must_claim(worker.task_ids("simulated")[0])
    sites = backend.get(f"/federations/{federation['id']}")["sites"]
    assert [(site["state"], site["hardware"]) for site in sites] == [
        ("busy", "2 CPU cores"),
        ("online", "2 CPU cores"),
        ("online", "2 CPU cores"),
    ]
    object.__setattr__(backend.platform.settings, "worker_timeout_seconds", 0.0)
    backend.recover()
    assert backend.get("/system")["workers"][0]["online"] is False
    assert backend.get(f"/federations/{federation['id']}")["sites"][0]["state"] == "offline"


def task_run(backend: LiveBackend) -> str:
    federation = backend.get("/federations")[0]
    return str(backend.get(f"/federations/{federation['id']}/experiments")[0]["runs"][0]["id"])


def _at_once(calls: list[Any]) -> list[int]:
    """Results of calls that start together, in order."""
    barrier, results = threading.Barrier(len(calls)), [0] * len(calls)

    def run(index: int) -> None:
        barrier.wait()
        results[index] = calls[index]()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
