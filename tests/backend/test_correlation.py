"""One id from a click to the worker's log, health for those who watch, and logs as JSON."""

import io
import json
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from backend.contracts import log_lines
from backend.contracts.log_lines import set_correlation_id, set_up_logging
from backend.db.models import Task
from backend.db.session import read_only
from tests.backend.conftest import make_experiment
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker


def ids_of_tasks(backend: LiveBackend) -> set[str | None]:
    with read_only(backend.platform.database) as session:
        return set(session.scalars(select(Task.correlation_id).where(Task.run_id.is_not(None))))


def test_the_id_of_a_click_stays_with_every_task_of_its_run(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    experiment = make_experiment(backend, federation)
    path = f"/api/v1/experiments/{experiment['id']}/start"
    started = backend.admin.post(path, headers={"X-Correlation-ID": "click-1"})
    assert started.headers["X-Correlation-ID"] == "click-1"
    assert f"POST {path} -> 200" in caplog.text
    worker.work_until_idle()
    assert backend.get(f"/runs/{started.json()['runs'][0]['id']}")["status"] == "completed"
    assert ids_of_tasks(backend) == {"click-1"}, "later rounds are opened by workers, and go back to the click"


def test_a_claim_says_the_id_and_the_recovery_loop_keeps_it(backend: LiveBackend, federation: dict[str, Any]) -> None:
    experiment = make_experiment(backend, federation)
    started = backend.admin.post(f"/api/v1/experiments/{experiment['id']}/start", headers={"X-Request-ID": "proxy-7"})
    run_id = started.json()["runs"][0]["id"]
    with read_only(backend.platform.database) as session:
        task_id = session.scalars(select(Task.id).where(Task.run_id == run_id)).first()
    claimed = backend.worker.post(f"/worker-api/v1/tasks/{task_id}/claim", json={"worker": "w"})
    assert claimed.headers["X-Correlation-ID"] == "proxy-7"
    backend.recover()
    assert ids_of_tasks(backend) == {"proxy-7"}


@pytest.mark.parametrize("given", ["", "two words", "x" * 65, "new\u00e9"])
def test_an_id_that_no_log_should_hold_is_replaced(backend: LiveBackend, given: str) -> None:
    answer = httpx.get(f"{backend.url}/api/v1/runs", headers={"X-Correlation-ID": given.encode()})
    assert answer.headers["X-Correlation-ID"] == answer.json()["correlation_id"]
    assert answer.headers["X-Correlation-ID"] != given
    assert len(answer.headers["X-Correlation-ID"]) == 16


def test_health(backend: LiveBackend) -> None:
    assert httpx.get(f"{backend.url}/health/live").json() == {"status": "ok"}
    ready = httpx.get(f"{backend.url}/health/ready")
    assert ready.json() == {"status": "ok", "database": True, "broker": True, "disks": True}
    assert ready.headers["cache-control"] == "no-store"


def test_health_without_a_broker_is_degraded_and_serves(backend: LiveBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    backend.platform.queue._app.conf.broker_url = "redis://127.0.0.1:1/0"
    backend.platform.queue._app.pool.force_close_all()
    ready = httpx.get(f"{backend.url}/health/ready", timeout=60)
    assert (ready.status_code, ready.json()["status"], ready.json()["broker"]) == (200, "degraded", False)


@pytest.mark.only_sqlite
def test_health_without_a_database_is_unready_while_the_process_lives(backend: LiveBackend) -> None:
    database = backend.settings.home / "fedsm.sqlite3"
    for path in backend.settings.home.glob("fedsm.sqlite3*"):
        path.unlink()
    database.mkdir()
    backend.platform.database.engine.dispose()  # last, so that no connection to the old file is in the pool
    try:
        ready = httpx.get(f"{backend.url}/health/ready", timeout=60)
        assert (ready.status_code, ready.json()["status"], ready.json()["database"]) == (503, "unready", False)
        assert httpx.get(f"{backend.url}/health/live").status_code == 200
    finally:
        shutil.rmtree(database)


@contextmanager
def logging_of(service: str, text_format: str) -> Iterator[io.StringIO]:
    """What a program with this set-up writes; the root logger is as before afterwards."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    try:
        set_up_logging(service, text_format, stream)
        yield stream
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        log_lines.set_process_correlation_id(None)
        set_correlation_id(None)


def test_lines_of_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEDSM_LOG_FORMAT", "json")
    with logging_of("backend", "%(message)s") as stream:
        set_correlation_id("abc")
        logging.getLogger("x").warning("a line\nof two: %s", "é")
        try:
            raise ValueError("why")
        except ValueError:
            logging.getLogger("x").exception("it failed")
    first, second = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert first.pop("time").endswith("+00:00")
    about = {"level": "warning", "service": "backend", "logger": "x", "process": "MainProcess"}
    assert first == about | {"message": "a line\nof two: é", "correlation_id": "abc"}
    assert "ValueError: why" in second["exception"]


def test_lines_of_text_end_with_the_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FEDSM_LOG_FORMAT", raising=False)
    with logging_of("worker", "%(levelname)s %(message)s") as stream:
        logging.getLogger("x").info("without")
        log_lines.set_process_correlation_id("task-1")
        logging.getLogger("x").info("with")
    assert stream.getvalue() == "INFO without\nINFO with [task-1]\n"


@pytest.mark.parametrize(("name", "value"), [("FEDSM_LOG_FORMAT", "xml"), ("FEDSM_LOG_LEVEL", "LOUD")])
def test_a_setting_of_the_log_that_there_is_none_of_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=f"{name} is '{value}': set it to"), logging_of("worker", "%(message)s"):
        pass
