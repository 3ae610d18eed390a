"""The stream of server-sent events: live, filtered, and resumed without loss."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from backend.events import endpoints, feed
from tests.backend.conftest import DISC, start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker

pytestmark = pytest.mark.every_database


def read_stream(response: httpx.Response) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """(event name, id, data) of each event; signs of life are none."""
    event: dict[str, str] = {}
    for line in response.iter_lines():
        key, _, value = line.partition(": ")
        if line == "":
            if "id" in event:
                yield event["event"], int(event["id"]), json.loads(event["data"])
            event = {}
        elif key in ("event", "id", "data"):
            event[key] = value


def test_events_arrive_while_they_happen(backend: LiveBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bell wakes the stream: its slow poll would come after an hour."""
    monkeypatch.setattr(feed, "POLL_SECONDS", 3600.0)
    timer = threading.Timer(0.3, lambda: backend.post("/federations", {"name": "New", "task": DISC}))
    with backend.admin.stream("GET", "/api/v1/events/stream") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        timer.start()
        name, event_id, data = next(read_stream(response))
    timer.join()
    assert name == data["kind"] == "federation"
    assert data["id"] == event_id
    assert data["message"] == "admin created the federation New."


def test_a_stream_gives_signs_of_life_that_are_no_events(backend: LiveBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "SIGN_OF_LIFE_SECONDS", 1)
    with backend.admin.stream("GET", "/api/v1/events/stream") as response:
        lines = response.iter_lines()
        first = [next(lines).strip() for _ in range(2)]
    assert first == ["event: alive", "data: {}"], "no id: it is nothing to ask after"


def test_a_stream_after_the_sessions_newest_event_misses_nothing(backend: LiveBackend) -> None:
    newest = backend.get("/session")["last_event_id"]
    backend.post("/federations", {"name": "New", "task": DISC})
    with backend.admin.stream("GET", f"/api/v1/events/stream?after={newest}") as response:
        assert next(read_stream(response))[2]["message"] == "admin created the federation New."
    assert backend.get("/session")["last_event_id"] > newest


def test_stream_resumes_after_the_last_event_id(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    run_id = start_run(backend, federation, schedule={"rounds": 1})
    worker.work_until_idle()
    experiment_id = backend.get(f"/runs/{run_id}")["experiment_id"]
    expected = [event["id"] for event in backend.get(f"/experiments/{experiment_id}/events", after=0, limit=1000)]
    assert len(expected) > 10
    start = expected[4]
    headers = {"Last-Event-ID": str(start)}
    with backend.admin.stream("GET", f"/api/v1/experiments/{experiment_id}/stream", headers=headers) as response:
        stream = read_stream(response)
        received = [next(stream)[1] for _ in expected[5:]]
    assert received == expected[5:]


def test_lists_page_by_id(backend: LiveBackend, federation: dict[str, Any]) -> None:
    everything = backend.get("/events", after=0, limit=1000)
    ids = [event["id"] for event in everything]
    assert ids == sorted(ids)
    assert backend.get("/events", after=ids[2], limit=2) == everything[3:5]
    assert backend.get("/events", limit=3) == everything[-3:]
    assert backend.get("/events", federation_id="other") == []
    assert all(e["federation_id"] == federation["id"] for e in backend.get("/events", federation_id=federation["id"]))


def test_open_stream_does_not_hold_up_a_stop(backend: LiveBackend) -> None:
    with backend.admin.stream("GET", "/api/v1/events/stream") as response:
        assert response.status_code == 200
        backend.restart()
    assert backend.get("/health")["status"] == "ok"


def test_the_latest_of_several_kinds_are_those_among_all(
    backend: LiveBackend, federation: dict[str, Any], completed_run: str
) -> None:
    everything = [event for event in backend.get("/events", limit=1000) if event["kind"] in ("task", "status", "site")]
    of_kinds = {"kind": ["task", "status", "site"]}
    assert backend.get("/events", limit=1000, **of_kinds) == everything
    assert backend.get("/events", limit=5, **of_kinds) == everything[-5:]
    assert backend.get("/events", limit=5, before=everything[-5]["id"], **of_kinds) == everything[-10:-5]
    assert backend.get("/events", limit=5, after=everything[2]["id"], **of_kinds) == everything[3:8]
