"""A full disk is said where it happens, and what waited goes on when there is room: on a real, small file system."""

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis

from backend.storage.watch import DiskWatch
from tests.backend.conftest import start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker
from tests.small_disk import fill, small_disk


def put(backend: LiveBackend, content: bytes) -> httpx.Response:
    sha256 = hashlib.sha256(content).hexdigest()
    headers = {"Content-Type": "image/png"}
    return backend.worker.put(f"/worker-api/v1/artifacts/{sha256}", content=content, headers=headers)


def storage_events(backend: LiveBackend, **query: Any) -> list[tuple[str, str]]:
    return [(event["level"], event["message"]) for event in backend.get("/events", kind="storage", **query)]


@pytest.fixture
def artifacts(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small", "4m") as folder:
        yield folder


@pytest.fixture
def backend(
    artifacts: Path, tmp_path: Path, database_url: str, saved_answers: dict[str, Any], valkey_url: str
) -> Iterator[LiveBackend]:
    """Whose artifacts lie on a disk of 4 MiB; the database has room."""
    del saved_answers
    backend = LiveBackend(tmp_path, database_url, valkey_url, artifacts=artifacts)
    yield backend
    backend.stop()


def test_an_upload_that_has_no_room_is_answered_507_and_leaves_nothing(backend: LiveBackend, artifacts: Path) -> None:
    """Room at the beginning, none in the middle: the system's own error."""
    answer = put(backend, os.urandom(6 << 20))
    assert (answer.status_code, answer.json()["error"]) == (507, "disk_full")
    assert "the disk of the backend is full" in answer.json()["detail"]
    assert str(artifacts) in answer.json()["detail"]
    assert [path for path in artifacts.rglob("*") if path.is_file()] == []
    assert put(backend, b"small").status_code == 204


def test_a_full_disk_is_an_event_and_a_warning_and_the_run_goes_on_when_there_is_room(
    backend: LiveBackend, worker: PlayedWorker, artifacts: Path, federation: dict[str, Any]
) -> None:
    watch = DiskWatch(backend.platform)
    run_id = start_run(backend, federation)
    worker.work_one("coordinator")
    claimed = worker.must_claim(worker.next_task_id("simulated") or "")
    watch.look()
    assert storage_events(backend) == []
    filler = fill(artifacts)
    watch.look()
    watch.look()
    (event,) = storage_events(backend)[:1]
    assert event[0] == "error"
    assert "disk of the backend is full" in event[1]
    (of_run,) = storage_events(backend, run_id=run_id)
    assert of_run[1].startswith("FedAvg, seed 0 waits: the disk of the backend is full")
    disk = next(disk for disk in backend.get("/system")["disks"] if disk["is_full"])
    assert (disk["folder"], disk["is_low"]) == (str(artifacts), True)
    assert disk["warning"].startswith("The disk of the backend is full")
    assert put(backend, b"an update").status_code == 507
    image = backend.admin.post(f"/api/v1/runs/{run_id}/predictions", params={"name": "a.png"}, content=b"x")
    assert image.status_code == 409, "for another reason; nothing is uploaded for a run without models"
    assert worker.progress(claimed).status_code == 200, "leases are renewed meanwhile"
    filler.unlink()
    watch.look()
    assert "There is room again" in storage_events(backend)[-1][1] or "goes on" in storage_events(backend)[-1][1]
    assert "goes on" in storage_events(backend, run_id=run_id)[-1][1]
    assert worker.complete(claimed).status_code == 204
    worker.work_until_idle()
    assert backend.get(f"/runs/{run_id}")["status"] == "completed"


def test_a_disk_that_is_nearly_full_is_warned_of(backend: LiveBackend, artifacts: Path) -> None:
    (artifacts / "much").write_bytes(b"\0" * int(3.85 * 2**20))
    DiskWatch(backend.platform).look()
    assert [level for level, _ in storage_events(backend)] == ["warning"]
    disk = backend.get("/storage")["disks"][0]
    assert (disk["is_low"], disk["is_full"]) == (True, False)
    assert put(backend, b"small").status_code == 204


def test_a_full_disk_under_the_database_is_said(tmp_path: Path, broker: redis.Redis, valkey_url: str) -> None:
    """SQLite and its log lie on the small disk."""
    del broker
    with small_disk(tmp_path / "home", "8m") as home:
        backend = LiveBackend(home, "", valkey_url, artifacts=tmp_path / "artifacts")
        try:
            filler = fill(home)
            task = {"modality": "fundus", "structures": [{"name": "disc", "label_values": [1]}]}
            body = {"name": "Eyes", "description": "x" * 1500, "task": task}
            answers = [
                backend.admin.post("/api/v1/federations", json={**body, "name": f"Eyes {number}"})
                for number in range(40)
            ]
            refused = [answer for answer in answers if not answer.is_success]
            assert refused, "the file system was not full"
            assert {answer.status_code for answer in refused} == {507}
            assert refused[0].json()["error"] == "disk_full"
            assert "the disk of the database is full" in refused[0].json()["detail"]
            assert backend.get("/system")["disks"][-1]["is_full"]
            filler.unlink()
            backend.post("/federations", body)
        finally:
            backend.stop()
        with sqlite3.connect(home / "fedsm.sqlite3") as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
