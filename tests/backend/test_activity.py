"""The activity list: filters, paging and the CSV."""

import csv
import io
from datetime import datetime
from typing import Any

import pytest

from tests.backend.conftest import make_experiment, start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker

pytestmark = pytest.mark.every_database


def test_filters_leave_what_they_name(backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]) -> None:
    other = backend.post("/federations", {"name": "100% other", "task": federation["task"]})
    everything = backend.get("/events", limit=1000)
    of_other = backend.get("/events", federation_id=other["id"])
    assert [event["message"] for event in of_other] == ["admin created the federation 100% other."]
    assert {event["actor"] for event in backend.get("/events", actor=worker.name)} == {worker.name}
    assert {event["kind"] for event in backend.get("/events", kind="dataset")} == {"dataset"}
    two = backend.get("/events", kind=["dataset", "site"], limit=1000)
    assert {event["kind"] for event in two} == {"dataset", "site"}
    assert {event["site_slug"] for event in backend.get("/events", site_slug="b")} == {"b"}
    assert [event["id"] for event in backend.get("/events", text="100% OTHER")] == [of_other[0]["id"]]
    assert backend.get("/events", text="100_ other") == []
    middle = everything[len(everything) // 2]["at"]
    early, late = backend.get("/events", until=middle, limit=1000), backend.get("/events", since=middle, limit=1000)
    assert all(datetime.fromisoformat(event["at"]) <= datetime.fromisoformat(middle) for event in early)
    assert {event["id"] for event in early} | {event["id"] for event in late} == {event["id"] for event in everything}


def test_a_level_shows_graver_ones_too(backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]) -> None:
    worker.fail = lambda kind, _site, _round: "the folder is gone" if kind == "describe_dataset" else None
    site = backend.post(f"/federations/{federation['id']}/sites", {"name": "d"})
    backend.post(f"/sites/{site['id']}/datasets", {"name": "Fundus", "folder": "/data/d"})
    worker.work_until_idle()
    grave = backend.get("/events", level="warning")
    assert grave
    assert {event["level"] for event in grave} <= {"warning", "error"}
    assert any("the folder is gone" in event["message"] for event in grave)


def test_what_changed_is_said_from_what_to_what_and_a_deleted_target_is_told(
    backend: LiveBackend, federation: dict[str, Any]
) -> None:
    path = f"/api/v1/experiments/{make_experiment(backend, federation)['id']}"
    change = {"name": "Baselines", "description": "Why", "archived": True}
    assert backend.admin.patch(path, json=change).is_success
    assert backend.admin.patch(path, json=change).is_success, "what is so already is no event"
    said = backend.get("/events", kind="experiment")
    assert [event["message"] for event in said[-3:]] == [
        "admin renamed the experiment Try to Baselines.",
        'admin changed the description of the experiment Baselines from nothing to "Why".',
        "admin archived the experiment Baselines.",
    ]
    assert not any(event["target_deleted"] for event in said)
    assert backend.admin.delete(path).status_code == 204
    assert all(event["target_deleted"] for event in backend.get("/events", kind="experiment"))
    assert not any(event["target_deleted"] for event in backend.get("/events", kind="dataset"))
    assert backend.admin.patch(f"/api/v1/federations/{federation['id']}", json={"name": "Ears"}).is_success
    assert backend.get("/events")[-1]["message"] == "admin renamed the federation Eyes to Ears."


def test_pages_go_back_to_the_beginning(backend: LiveBackend, federation: dict[str, Any]) -> None:
    everything = [event["id"] for event in backend.get("/events", limit=1000, federation_id=federation["id"])]
    found: list[int] = []
    page = backend.get("/events", limit=3, federation_id=federation["id"])
    while page:
        found = [event["id"] for event in page] + found
        page = backend.get("/events", limit=3, federation_id=federation["id"], before=found[0])
    assert found == everything


def test_the_csv_holds_them_all_and_no_formula(backend: LiveBackend, federation: dict[str, Any]) -> None:
    backend.post("/tokens", {"name": "=1+1"})
    answer = backend.admin.get("/api/v1/events.csv", params={"kind": "user"})
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [int(row["id"]) for row in rows] == [event["id"] for event in backend.get("/events", kind="user")]
    assert rows[-1]["message"].startswith("admin made the token '=1+1'")


def test_a_time_without_its_zone_is_refused(backend: LiveBackend) -> None:
    answer = backend.admin.get("/api/v1/events", params={"since": "2026-01-01T00:00:00"})
    assert answer.status_code == 422


def test_no_line_of_a_text_export_can_be_forged(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    """A site's log line brings a line break, a terminal's colours and a turned order of its letters."""
    run_id = start_run(backend, federation)
    worker.work_one("coordinator")
    claimed = worker.must_claim(worker.task_ids("simulated")[0])
    forged = "half-way\n2026-01-01T00:00:00.000+00:00 ERROR   a round 1 admin: all is lost\u2028\x1b[31mred\u202ekcab"
    worker.progress(claimed, logs=[{"level": "info", "message": forged}])
    log = backend.admin.get(f"/api/v1/events.txt?run_id={run_id}").text
    (line,) = [line for line in log.splitlines() if "half-way" in line]
    assert "all is lost" in line, "on its own line, in which the break is written out"
    assert not any(line.startswith("2026-01-01T") for line in log.splitlines())
    table = backend.admin.get(f"/api/v1/events.csv?run_id={run_id}").text
    (row,) = [line for line in table.splitlines() if "half-way" in line]
    assert "all is lost" in row
    for text in (log, table):
        assert not any(control in text for control in "\x1b\u2028\u202e")
