"""A damaged file is never served as whole, and is named before somebody needs it."""

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.backend.conftest import start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker


def damage(backend: LiveBackend, sha256: str) -> None:
    """One bit, the size and the time of change as they were: as a failing disk does it."""
    path = backend.settings.artifacts_folder / sha256[:2] / sha256
    status = path.stat()
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_what_is_damaged_is_refused_named_and_mended_by_the_same_bytes(
    backend: LiveBackend,
    worker: PlayedWorker,
    federation: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A ZIP that cannot be made whole stays on no disk."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    run_id = start_run(backend, federation)
    worker.work_until_idle()
    part = backend.get(f"/runs/{run_id}/model")["parts"][0]
    whole = backend.admin.get(part["url"])
    assert whole.status_code == 200
    assert backend.admin.get(f"/api/v1/runs/{run_id}/model.zip").status_code == 200
    damage(backend, part["sha256"])
    found = backend.post("/storage/scrub")
    assert (found["damaged"], found["lost"]) == ([part["sha256"]], [])
    for url in (part["url"], f"/api/v1/runs/{run_id}/model.zip"):
        for headers in ({}, {"Range": "bytes=0-3"}, {"If-None-Match": f'"{part["sha256"]}"'}):
            answer = backend.admin.get(url, headers=headers)
            assert (answer.status_code, answer.json()["error"]) == (410, "artifact_damaged"), url
            assert part["sha256"] in answer.json()["detail"]
    assert list(temporary.iterdir()) == []
    assert backend.worker.get(f"/worker-api/v1/artifacts/{part['sha256']}").status_code == 410
    assert backend.worker.head(f"/worker-api/v1/artifacts/{part['sha256']}").status_code == 404
    assert backend.get("/storage")["damaged"] == [part["sha256"]]
    backend.post("/storage/scrub")
    said = [event["message"] for event in backend.get("/events", kind="storage")]
    assert [message for message in said if "is damaged" in message] == said, "once, however often it is looked at"
    assert len(said) == 1
    worker.upload_bytes(whole.content)
    assert backend.admin.get(part["url"]).content == whole.content
    assert backend.get("/storage")["damaged"] == []


def test_a_lost_file_is_named_and_one_put_back_is_whole_again(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    del federation
    sha256 = worker.upload(b"a few bytes")
    path = backend.settings.artifacts_folder / sha256[:2] / sha256
    path.rename(path.with_suffix(".away"))
    assert backend.post("/storage/scrub")["lost"] == [sha256]
    answer = backend.worker.get(f"/worker-api/v1/artifacts/{sha256}")
    assert (answer.status_code, "is lost" in answer.json()["detail"]) == (404, True)
    path.with_suffix(".away").rename(path)
    assert backend.post("/storage/scrub")["lost"] == []
    levels = [event["level"] for event in backend.get("/events", kind="storage")]
    assert levels == ["error", "info"]


def test_a_file_that_is_damaged_after_it_was_verified_is_found_when_it_changes(
    backend: LiveBackend, worker: PlayedWorker
) -> None:
    sha256 = worker.upload(b"a few bytes")
    path = f"/worker-api/v1/artifacts/{sha256}"
    assert backend.worker.get(path).status_code == 200
    file = backend.settings.artifacts_folder / sha256[:2] / sha256
    file.write_bytes(b"truncate")
    assert backend.worker.get(path).status_code == 410
    file.unlink()
    file.mkdir()
    assert backend.worker.get(path).status_code == 410, "whatever else lies there"
