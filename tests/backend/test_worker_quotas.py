"""A worker that talks without end fills neither the database nor anybody's log, and its work goes on."""

from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from backend.clock import now
from backend.db import worker_quota
from backend.db.models import Task, WorkerDay
from backend.db.session import read_only
from backend.ledger import said
from fedsm.cli.app import app
from tests.backend.conftest import start_run
from tests.backend.live_backend import ADMIN_TOKEN, LiveBackend
from tests.backend.played_worker import PlayedWorker


def lines(num_lines: int) -> list[dict[str, str]]:
    return [{"level": "info", "message": f"line {number}"} for number in range(num_lines)]


@pytest.fixture
def claimed(backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker) -> dict[str, Any]:
    """A training of a run, at work."""
    start_run(backend, federation, schedule={"rounds": 1})
    worker.work_one("coordinator")
    return worker.must_claim(worker.next_task_id("simulated") or "")


def events_of(backend: LiveBackend, task_id: str) -> list[dict[str, Any]]:
    found = backend.get("/events", limit=1000)
    return [event for event in found if event["task_id"] == task_id]


def test_the_lines_of_a_task_are_bounded_in_total_and_its_end_is_told(
    backend: LiveBackend, worker: PlayedWorker, claimed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The claim counts too: nine lines are kept, and twenty-one dropped over three reports."""
    monkeypatch.setattr(said, "MAX_PER_TRAINING", 10)
    for _ in range(3):
        assert worker.progress(claimed, logs=lines(10)).json()["action"] == "continue"
    said_of = events_of(backend, claimed["task_id"])
    assert [event["message"] for event in said_of if event["kind"] == "log"] == [f"line {i}" for i in range(9)]
    [warning] = [event for event in said_of if event["level"] == "warning"]
    assert "the task has said 10 things, the most there may be" in warning["message"]
    with read_only(backend.platform.database) as session:
        task = session.get_one(Task, claimed["task_id"])
        assert (task.num_said, task.num_dropped, task.status) == (10, 21, "running")
    [cell] = [t for t in backend.get(f"/runs/{claimed['payload']['run']['run_id']}/tasks") if t["id"] == task.id]
    assert cell["num_dropped"] == 21
    environment = {"FEDSM_SERVER": backend.url, "FEDSM_TOKEN": ADMIN_TOKEN}
    shown = CliRunner().invoke(app, ["run", "log", claimed["payload"]["run"]["run_id"]], env=environment)
    assert "Dropped beyond the quota of this run's tasks: 21 lines." in shown.stderr
    assert "line 8" in shown.stdout
    assert worker.complete(claimed).status_code == 204
    assert "completed training" in events_of(backend, claimed["task_id"])[-1]["message"]


def test_a_task_that_is_claimed_and_given_back_without_end_is_not_told_without_end(
    backend: LiveBackend, worker: PlayedWorker, claimed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(said, "MAX_PER_TRAINING", 5)
    task_id = claimed["task_id"]
    for _ in range(6):
        assert worker.release(claimed).status_code == 204
        while (found := worker.next_task_id("simulated")) != task_id:
            assert found is not None
        claimed = worker.must_claim(task_id)
    assert len(events_of(backend, task_id)) == 6, "five, and that more are dropped"
    assert worker.complete(claimed).status_code == 204


@pytest.fixture
def _one_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """No midnight comes between two events."""
    moment = now()
    monkeypatch.setattr(worker_quota, "now", lambda: moment)


@pytest.mark.usefixtures("_one_day")
def test_the_events_of_a_worker_are_bounded_by_day(
    backend: LiveBackend, worker: PlayedWorker, claimed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with read_only(backend.platform.database) as session:
        before = session.get_one(WorkerDay, (worker.name, session.scalar(select(WorkerDay.day)))).num_said
    monkeypatch.setattr(worker_quota, "MAX_PER_WORKER", before + 4)
    worker.progress(claimed, logs=lines(3))
    other = worker.must_claim(worker.next_task_id("simulated") or "")  # the fourth
    for task in (claimed, other):
        worker.progress(task, logs=lines(2))
    kept = [event["message"] for event in backend.get("/events", limit=1000) if event["kind"] == "log"]
    assert kept == ["line 0", "line 1", "line 2"]
    told = [e["message"] for e in backend.get("/events", limit=1000, level="warning") if "dropped" in e["message"]]
    assert told == [
        f"{before + 4} events of the worker played-worker are recorded today, the most there may be: more of them are "
        "dropped until midnight UTC. The work goes on."
    ]
    with read_only(backend.platform.database) as session:
        [day] = session.scalars(select(WorkerDay))
        assert (day.num_said, day.num_dropped) == (before + 4, 4)
    worker.name = "another"
    assert worker.progress(other, logs=lines(1)).status_code == 200  # still of the worker that claimed it
    assert worker.complete(other).status_code == 204
    assert "completed training" in events_of(backend, other["task_id"])[-1]["message"]


@pytest.mark.usefixtures("_one_day")
def test_a_worker_that_hangs_and_returns_without_end_is_bounded_and_made_up_names_share_a_quota(
    backend: LiveBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_quota, "MAX_PER_WORKER", 3)
    monkeypatch.setattr(worker_quota, "MAX_NAMES", 1)

    def beat(name: str, num_hung: int) -> None:
        body = {"worker": name, "queues": ["site.a"], "hardware": "x", "num_processes": 1, "num_hung": num_hung}
        assert backend.worker.post("/worker-api/v1/heartbeat", json=body).status_code == 204

    for number in range(10):
        beat("flickers", number % 2)
    for number in range(10):
        beat(f"made-up-{number}", 0)
    messages = [event["message"] for event in backend.get("/events", limit=1000) if event["kind"] == "site"]
    assert sum("flickers" in message and "recorded today" not in message for message in messages) == 3
    assert sum("made-up" in message for message in messages) == 3, "ten names, one quota"
    assert sum("recorded today" in message for message in messages) == 2
