"""A hospital's limits of memory and disk end a task that takes more, and nothing else."""

import mmap
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from backend.contracts.site_limits import LIMITS_HEADER, SiteLimits
from backend.contracts.tasks import AggregateRoundResult, TaskPayload
from tests.conftest import wait_until
from tests.worker.test_tasks import Ledger
from tests.worker.worker_api_server import WorkerApiServer, serve_worker_api
from worker.jobs import tasks
from worker.jobs.tasks import run_claimed_task
from worker.process import limits, signs
from worker.process.allocator import give_freed_memory_back
from worker.process.lease import Lease
from worker.process.limits import Guard, OverLimit, resident_bytes
from worker.process.settings import WorkerSettings
from worker.process.toolbox import Toolbox
from worker.stores.api_client import ApiClient
from worker.stores.artifact_cache import ArtifactCache, sha256_of
from worker.stores.data_cache import DataCache
from worker.stores.local_state import LocalStateStore

MIB = 2**20
RESULT = AggregateRoundResult(parts={}, downloads={})


@pytest.fixture
def server() -> Iterator[WorkerApiServer]:
    with serve_worker_api() as running:
        yield running


def told(over: OverLimit | None) -> str | None:
    return None if over is None else over.kind


@contextmanager
def taken(num_bytes: int) -> Iterator[None]:
    """The process has so much more memory, asked of the system: an allocator may have kept what others gave back."""
    with mmap.mmap(-1, num_bytes) as held:
        for start in range(0, num_bytes, mmap.PAGESIZE):
            held[start] = 1
        yield


def test_this_process_has_a_size() -> None:
    assert 10 * MIB < resident_bytes() < 2**40


def test_memory_counts_as_it_is_now(tmp_path: Path) -> None:
    cache = ArtifactCache(tmp_path / "artifacts", MIB)
    assert Guard(SiteLimits(), cache).look() is None
    give_freed_memory_back()  # what other tests freed is none of what is taken now
    guard = Guard(SiteLimits(memory_bytes=resident_bytes() + 100 * MIB), cache)
    assert guard.look() is None
    with taken(200 * MIB):
        assert told(guard.look()) == "over_memory_limit"
    assert guard.look() is None


def test_the_cache_makes_room_before_a_task_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "DISK_SECONDS", 0.0)
    cache = ArtifactCache(tmp_path / "artifacts", 100 * MIB)
    for letter in b"abc":
        content = bytes([letter]) * MIB
        cache.write(sha256_of(content), content)
    (tmp_path / "local_state").mkdir()
    (tmp_path / "local_state/run").write_bytes(b"x" * MIB)
    guard = Guard(SiteLimits(disk_bytes=3 * MIB), cache)
    assert guard.look() is None
    assert len(cache.addresses()) == 2
    (tmp_path / "local_state/more").write_bytes(b"x" * 3 * MIB)
    assert told(guard.look()) == "over_disk_limit"
    assert cache.addresses() == []


def test_a_task_that_takes_more_ends_and_says_of_what(server: WorkerApiServer, tmp_path: Path) -> None:
    ledger = Ledger(server)
    limit = SiteLimits(memory_bytes=resident_bytes() + 100 * MIB).model_dump_json()
    server.answer = lambda request: replace(ledger.answer(request), headers=((LIMITS_HEADER, limit),))
    api = ApiClient(server.url, "token", ArtifactCache(tmp_path / "artifacts", MIB))

    def takes_more(payload: TaskPayload, lease: Lease) -> AggregateRoundResult:
        with taken(200 * MIB):
            for _ in range(1200):
                time.sleep(0.05)
                lease.report(0.5)
        raise AssertionError(f"{payload.kind} went on")

    assert run_claimed_task(api, "worker", "t1", takes_more), "the process gives its memory back"
    [failure] = ledger.told("fail")
    assert (failure["kind"], failure["retryable"]) == ("over_memory_limit", False)
    assert "GiB of memory, and this site gives" in str(failure["message"])
    api.close()


def test_a_task_that_reaches_no_report_is_told_before_its_process_is_ended(
    server: WorkerApiServer, tmp_path: Path
) -> None:
    """The watchdog asks the sign to stop for twenty seconds, and then kills without another word."""
    ledger = Ledger(server)
    limit = SiteLimits(memory_bytes=resident_bytes() + 100 * MIB).model_dump_json()
    server.answer = lambda request: replace(ledger.answer(request), headers=((LIMITS_HEADER, limit),))
    api = ApiClient(server.url, "token", ArtifactCache(tmp_path / "artifacts", MIB))
    own = signs.take_place(0, os.getpid())

    def computes(payload: TaskPayload, lease: Lease) -> AggregateRoundResult:
        del payload, lease
        with taken(200 * MIB):
            wait_until(lambda: signs.read_sign(0).stopping, 10, "the task to be asked to stop")
            assert [failure["kind"] for failure in ledger.told("fail")] == ["over_memory_limit"]
        return RESULT

    assert run_claimed_task(api, "worker", "t1", computes)
    own.end()
    api.close()


def test_a_process_that_took_too_much_ends_after_its_task(
    server: WorkerApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pool starts another, so that what is left of one task counts in no other."""
    ledger = Ledger(server)
    api = ApiClient(server.url, "token", ArtifactCache(tmp_path / "artifacts", MIB))
    settings = WorkerSettings(home=tmp_path)
    toolbox = Toolbox(settings, api, DataCache(MIB), LocalStateStore(tmp_path / "states"), torch.device("cpu"))
    monkeypatch.setattr(tasks, "process_toolbox", lambda: toolbox)
    limit = SiteLimits(memory_bytes=1).model_dump_json()
    server.answer = lambda request: replace(ledger.answer(request), headers=((LIMITS_HEADER, limit),))
    with pytest.raises(SystemExit) as ended:
        tasks.run_task("t1")
    assert ended.value.code == 0
    assert [failure["kind"] for failure in ledger.told("fail")] == ["over_memory_limit"]
    api.close()


def test_a_folder_that_goes_while_it_is_measured_counts_nothing(tmp_path: Path) -> None:
    going = threading.Event()

    def come_and_go() -> None:
        while not going.is_set():
            for number in range(20):
                (tmp_path / f"{number}/deep").mkdir(parents=True)
                (tmp_path / f"{number}/deep/file").touch()
            for number in range(20):
                shutil.rmtree(tmp_path / str(number))

    other = threading.Thread(target=come_and_go)
    other.start()
    try:
        (tmp_path / "kept").write_bytes(b"x" * 100)
        assert {limits._bytes_in(tmp_path) for _ in range(200)} == {100}
    finally:
        going.set()
        other.join()
