"""What is deleted is gone; what somebody owns, or is about to own, stays."""

import asyncio
import hashlib
import os
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from backend.artifacts import quota
from backend.artifacts import service as artifacts
from backend.artifacts.owners import owned_hashes
from backend.artifacts.store import IncomingFile
from backend.contracts.artifacts import PNG
from backend.db.models import Artifact, Task
from backend.db.session import read_only, unit_of_work
from backend.storage import sweep as sweeping
from backend.storage.sweep import sweep, sweep_states
from benchmarks.load.lists import counted
from tests.backend.conftest import make_experiment, start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.played_results import played_weights
from tests.backend.played_worker import PlayedWorker
from tests.conftest import wait_until

pytestmark = pytest.mark.every_database

OLD = time.time() - 7200


def files(backend: LiveBackend) -> set[str]:
    return {path.name for path in backend.settings.artifacts_folder.rglob("*") if path.is_file()}


def rows(backend: LiveBackend) -> set[str]:
    with read_only(backend.platform.database) as session:
        return set(session.scalars(select(Artifact.sha256)))


def owned(backend: LiveBackend) -> set[str]:
    with read_only(backend.platform.database) as session:
        return owned_hashes(session)


def upload_for(backend: LiveBackend, task_id: str, content: bytes) -> int:
    sha256 = hashlib.sha256(content).hexdigest()
    headers = {"Content-Type": "image/png", artifacts.TASK_HEADER: task_id}
    return backend.worker.put(f"/worker-api/v1/artifacts/{sha256}", content=content, headers=headers).status_code


@pytest.fixture
def finished(backend: LiveBackend, completed_run: str) -> dict[str, Any]:
    """The experiment of the completed run."""
    experiment: dict[str, Any] = backend.get(f"/experiments/{backend.get(f'/runs/{completed_run}')['experiment_id']}")
    assert experiment["status"] == "completed"
    return experiment


def test_after_a_run_there_are_as_many_files_as_owned_and_after_deletion_of_everything_none(
    backend: LiveBackend, federation: dict[str, Any], finished: dict[str, Any]
) -> None:
    sweep(backend.platform)
    assert files(backend) == rows(backend) == owned(backend)
    state = backend.get(f"/runs/{finished['runs'][0]['id']}/rounds")[-1]["parts"][0]
    assert backend.admin.get(state["url"]).status_code == 200
    assert backend.admin.delete(f"/api/v1/experiments/{finished['id']}").status_code == 204
    assert backend.admin.get(state["url"]).status_code == 404, "it is served to nobody, whatever lies on the disk"
    thumbnails = 3
    wait_until(lambda: len(files(backend)) == thumbnails, 10, "the experiment's files to go")
    for dataset in backend.get(f"/federations/{federation['id']}/datasets"):
        assert backend.admin.delete(f"/api/v1/datasets/{dataset['id']}").status_code == 204
    wait_until(lambda: not files(backend) and not rows(backend), 10, "everything to go")


def test_after_a_round_states_alone_are_looked_at(
    backend: LiveBackend, worker: PlayedWorker, finished: dict[str, Any]
) -> None:
    """Whatever number of cases, reports and predictions there is."""
    sweep(backend.platform)
    before = files(backend)
    state, picture = worker.upload_bytes(played_weights(b"let go")), worker.upload(b"a picture", PNG)
    with unit_of_work(backend.platform.database) as session:
        session.execute(update(Artifact).values(held_until=None))
    with counted(backend.platform.database.engine) as statements:
        sweep_states(backend.platform)
    assert files(backend) == rows(backend) == before | {picture}
    assert state not in files(backend)
    assert not [line for line in statements if "evaluated_case" in line or "report" in line or "case_history" in line]
    assert any("run_round" in line for line in statements)
    assert finished["status"] == "completed"


def test_an_upload_under_way_is_left_alone(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    """A task's uploads stay until its result names them; those of a task that is over go."""
    start_run(backend, federation)
    claimed = worker.must_claim(worker.next_task_id("coordinator") or "")
    assert upload_for(backend, claimed["task_id"], b"held") == 204
    sweep(backend.platform)
    assert hashlib.sha256(b"held").hexdigest() in files(backend)
    worker.fail_task(claimed, "no")
    sweep(backend.platform)
    assert hashlib.sha256(b"held").hexdigest() not in files(backend) | rows(backend)
    assert upload_for(backend, claimed["task_id"], b"too late") == 409
    assert hashlib.sha256(b"too late").hexdigest() not in files(backend) | rows(backend)


class _Cut(Exception):
    """The connection breaks."""


def break_off(backend: LiveBackend, task_id: str, content: bytes) -> str:
    """The part that stays."""

    async def pieces() -> AsyncIterator[bytes]:
        yield content
        raise _Cut

    part = artifacts.part_of(hashlib.sha256(content + b" and its rest").hexdigest(), task_id)
    with pytest.raises(_Cut):
        asyncio.run(backend.platform.artifacts.receive(None, pieces(), part))
    return part


def test_uploads_that_broke_off_count_as_their_tasks_and_go_with_it(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    start_run(backend, federation)
    claimed = worker.must_claim(worker.next_task_id("coordinator") or "")
    task_id, store = claimed["task_id"], backend.platform.artifacts
    monkeypatch.setattr(quota, "MAX_PER_TASK", 100)
    part = break_off(backend, task_id, b"x" * 60)
    assert store.parts() == {part: 60}
    assert upload_for(backend, task_id, b"y" * 41) == 413
    assert upload_for(backend, task_id, b"y" * 40) == 204
    assert upload_for(backend, task_id, b"z") == 413
    sweep(backend.platform)
    assert store.parts() == {part: 60}
    worker.fail_task(claimed, "no")
    sweep(backend.platform)
    assert store.parts() == {}
    assert files(backend) == rows(backend)


def test_an_upload_that_arrives_at_last_leaves_no_part(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent from its first byte, too; and what is kept of it does not count against itself."""
    start_run(backend, federation)
    claimed = worker.must_claim(worker.next_task_id("coordinator") or "")
    monkeypatch.setattr(quota, "MAX_PER_TASK", 100)
    part = break_off(backend, claimed["task_id"], b"x" * 60)
    assert backend.platform.artifacts.parts() == {part: 60}
    assert upload_for(backend, claimed["task_id"], b"x" * 60 + b" and its rest") == 204
    assert backend.platform.artifacts.parts() == {}


def test_a_transfer_to_the_store_holds_up_nobody_who_writes(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    del federation
    written = []

    def prepare(incoming: IncomingFile) -> None:
        with unit_of_work(backend.platform.database) as session:
            session.execute(update(Artifact).values(used_at=Artifact.created_at))
        written.append(incoming.sha256)

    monkeypatch.setattr(backend.platform.artifacts, "prepare", prepare)
    sha256 = worker.upload(b"slowly sent")
    assert written == [sha256]
    assert sha256 in files(backend)


def test_an_upload_that_names_no_task_is_left_alone_for_a_day(backend: LiveBackend, worker: PlayedWorker) -> None:
    sha256 = worker.upload(b"of an older worker")
    sweep(backend.platform)
    assert sha256 in files(backend)
    with unit_of_work(backend.platform.database) as session:
        session.execute(update(Artifact).values(held_until=Artifact.created_at))
    sweep(backend.platform)
    assert sha256 not in files(backend) | rows(backend)


def test_a_prediction_deleted_while_it_runs_leaves_nothing(
    backend: LiveBackend, worker: PlayedWorker, finished: dict[str, Any]
) -> None:
    sweep(backend.platform)
    before = files(backend)
    run_id = finished["runs"][0]["id"]
    answer = backend.admin.post(f"/api/v1/runs/{run_id}/predictions", params={"name": "eye.png"}, content=b"an eye")
    claimed = worker.must_claim(worker.next_task_id("coordinator") or "")
    assert upload_for(backend, claimed["task_id"], b"the image as NIfTI") == 204
    assert len(files(backend)) == len(before) + 2
    assert backend.admin.delete(f"/api/v1/predictions/{answer.json()['id']}").status_code == 204
    wait_until(lambda: files(backend) == before, 10, "the upload to go")
    assert upload_for(backend, claimed["task_id"], b"its mask") == 409
    assert worker.progress(claimed).status_code in (404, 409)
    assert files(backend) == before


@pytest.mark.parametrize("meanwhile", ["uploaded again", "asked for", "named"])
def test_what_is_used_while_a_sweep_is_under_way_stays(
    backend: LiveBackend,
    worker: PlayedWorker,
    federation: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    meanwhile: str,
) -> None:
    """Between the sweep's look at the owners and its removal: the moment that would lose a file."""
    start_run(backend, federation)
    claimed = worker.must_claim(worker.next_task_id("coordinator") or "")
    content = played_weights(b"old and unowned")
    sha256 = worker.upload_bytes(content)
    with unit_of_work(backend.platform.database) as session:
        session.execute(update(Artifact).where(Artifact.sha256 == sha256).values(held_until=None))
    use: dict[str, Callable[[], None]] = {
        "uploaded again": lambda: _expect(upload_for(backend, claimed["task_id"], content), 204),
        "asked for": lambda: _expect(_head(backend, sha256, claimed["task_id"]), 200),
        "named": lambda: _expect(_complete_with(worker, claimed, sha256), 204),
    }
    find = sweeping._candidates

    def find_then_use(platform: Any) -> Any:
        found = find(platform)
        assert sha256 in {candidate.sha256 for candidate in found}
        use[meanwhile]()
        return found

    monkeypatch.setattr(sweeping, "_candidates", find_then_use)
    sweep(backend.platform)
    assert sha256 in files(backend)
    assert sha256 in rows(backend)


def _expect(status: int, wanted: int) -> None:
    assert status == wanted


def _head(backend: LiveBackend, sha256: str, task_id: str) -> int:
    headers = {artifacts.TASK_HEADER: task_id}
    return backend.worker.head(f"/worker-api/v1/artifacts/{sha256}", headers=headers).status_code


def _complete_with(worker: PlayedWorker, claimed: dict[str, Any], sha256: str) -> int:
    result = worker.work(claimed["payload"])
    return worker.complete(claimed, result | {"parts": dict.fromkeys(result["parts"], sha256)}).status_code


def test_uploads_and_sweeps_at_once_never_leave_a_row_without_its_file(
    backend: LiveBackend, worker: PlayedWorker
) -> None:
    """One thread uploads the same few artifacts again and again, another sweeps them away as soon as it can."""
    stop = threading.Event()
    lost: list[str] = []

    def upload_again() -> None:
        for number in range(40):
            sha256 = worker.upload(f"content {number % 4}".encode())
            with unit_of_work(backend.platform.database) as session:
                present = session.get(Artifact, sha256, with_for_update=True) is not None
                if present and backend.platform.artifacts.problem(sha256, again=True) is not None:
                    lost.append(sha256)
                session.execute(update(Artifact).values(held_until=None))
        stop.set()

    uploading = threading.Thread(target=upload_again)
    uploading.start()
    num_swept = 0
    while not stop.is_set():
        num_swept += sweep(backend.platform).num_files
    uploading.join()
    assert num_swept > 0
    assert lost == []
    sweep(backend.platform)
    assert files(backend) == rows(backend) == set()


def test_what_a_killed_process_left_is_cleaned_away(backend: LiveBackend, worker: PlayedWorker) -> None:
    """An unfinished upload, a file without a row, and a row whose file a killed sweep had removed already."""
    folder = backend.settings.artifacts_folder
    unfinished, stray, young = folder / "incoming-x", folder / "ab" / ("ab" * 32), folder / "cd" / ("cd" * 32)
    for path in (unfinished, stray, young):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"left")
    for path in (unfinished, stray):
        os.utime(path, (OLD, OLD))
    half_removed = worker.upload(b"half removed")
    (folder / half_removed[:2] / half_removed).unlink()
    with unit_of_work(backend.platform.database) as session:
        session.execute(update(Artifact).values(held_until=None))
    found = sweep(backend.platform)
    assert (found.num_leftovers, files(backend), rows(backend)) == (1, {young.name}, set())
    assert sweep(backend.platform).num_files == 0, "a second sweep finds nothing to do"


def test_a_cancelled_experiment_is_deleted_with_its_uploads(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    thumbnails = files(backend)
    experiment = make_experiment(backend, federation, schedule={"rounds": 3})
    backend.post(f"/experiments/{experiment['id']}/start")
    worker.work_one("coordinator")
    worker.work_one("simulated")
    with read_only(backend.platform.database) as session:
        assert session.scalar(select(Task.update).where(Task.update.is_not(None))) is not None
    backend.post(f"/experiments/{experiment['id']}/cancel")
    assert backend.admin.delete(f"/api/v1/experiments/{experiment['id']}").status_code == 204
    wait_until(lambda: files(backend) == thumbnails, 10, "states and uploads to go")


def test_files_are_in_their_folder(backend: LiveBackend, worker: PlayedWorker) -> None:
    sha256 = worker.upload(b"x", PNG)
    assert (Path(backend.settings.artifacts_folder) / sha256[:2] / sha256).read_bytes() == b"x"


def test_workers_hear_of_a_removal_once_it_is_done(backend: LiveBackend, worker: PlayedWorker) -> None:
    """A heartbeat's answer changes with it, and what is asked then is answered by what there is then."""
    heartbeat = {"worker": "w", "queues": ["simulated"], "hardware": "2 CPU cores", "num_processes": 2}

    def removal() -> str:
        answer = backend.worker.post("/worker-api/v1/heartbeat", json=heartbeat | {"disk_free": 1, "disk_total": 100})
        return answer.headers["X-FedSM-Removal"]

    kept, gone = worker.upload(b"kept"), worker.upload(b"gone")
    before = removal()
    assert removal() == before
    with unit_of_work(backend.platform.database) as session:
        session.execute(update(Artifact).where(Artifact.sha256 == gone).values(held_until=None))
    sweep(backend.platform)
    assert removal() != before
    asked = backend.worker.post("/worker-api/v1/gone", json={"artifacts": [kept, gone], "runs": ["no-such-run"]})
    assert asked.json() == {"artifacts": [gone], "runs": ["no-such-run"]}
    (shown,) = [entry for entry in backend.get("/system")["workers"] if entry["name"] == "w"]
    assert (shown["disk_free"], shown["disk_is_low"]) == (1, True)
