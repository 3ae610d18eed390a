"""A worker on a full disk: the cache keeps nothing new, what must be kept waits for room, and both say so."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import wait_until
from tests.small_disk import fill, small_disk
from worker.process.lease import StopRequested
from worker.stores import full_disk as room
from worker.stores.artifact_cache import ArtifactCache, sha256_of
from worker.stores.full_disk import write_when_there_is_room
from worker.stores.local_state import LocalStateStore


class SpokenLease:
    """Remembers what is said; stops when it is told to."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []
        self.stopped = False

    def log(self, level: str, message: str) -> None:
        self.said.append((level, message))

    def check(self) -> None:
        if self.stopped:
            raise StopRequested("nobody waits for it")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small", "1m") as folder:
        yield folder


def test_the_cache_does_without_what_has_no_room(disk: Path) -> None:
    cache = ArtifactCache(disk / "artifacts", max_bytes=2**30)
    small, large = b"small", os.urandom(2 << 20)
    assert cache.write(sha256_of(small), small)
    assert cache.write(sha256_of(large), large), "as if it were new: the backend is sent it without being asked"
    assert cache.read(sha256_of(large)) is None
    assert cache.read(sha256_of(small)) == small
    assert [path.name for path in disk.rglob("*") if path.is_file()] == [sha256_of(small)]


def test_a_state_is_kept_as_soon_as_there_is_room(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "ROOM_SECONDS", 0.05)
    store, lease = LocalStateStore(disk / "local_state"), SpokenLease()
    filler = fill(disk)
    content = os.urandom(300_000)
    writing = threading.Thread(
        target=write_when_there_is_room,
        args=(lambda: store.save("run", "a", 1, content), disk, "the optimizer's state of a", lease),
    )
    writing.start()
    wait_until(lambda: lease.said, 20, "the full disk to be told")
    time.sleep(0.2)  # several tries
    assert writing.is_alive()
    assert [level for level, _ in lease.said] == ["warning"]
    assert "the disk of this worker is full" in lease.said[0][1]
    assert "the optimizer's state of a" in lease.said[0][1]
    filler.unlink()
    writing.join(30)
    assert not writing.is_alive()
    kept = store.file_before("run", "a", 2)
    assert kept is not None
    assert kept.read_bytes() == content
    assert lease.said[-1] == ("info", "there is room again for the optimizer's state of a: the work goes on")


def test_waiting_for_room_ends_when_nobody_wants_the_work(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "ROOM_SECONDS", 0.01)
    store, lease = LocalStateStore(disk / "local_state"), SpokenLease()
    fill(disk)
    lease.stopped = True
    with pytest.raises(StopRequested):
        write_when_there_is_room(lambda: store.save("run", "a", 1, bytes(300_000)), disk, "a state", lease)  # type: ignore[arg-type]
