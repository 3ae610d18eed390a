"""Who holds what on the disk is looked up anew while that is cheap, and behind the last answer where it is not."""

import threading
from typing import Any

import pytest

from backend.looks import Looks
from backend.storage.loop import StorageLoop
from tests.backend.conftest import start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker
from tests.conftest import wait_until


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Counted:
    """Counts how often it is taken, each time within so many seconds of the clock."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self.clock, self.seconds, self.number = clock, seconds, 0
        self.go_on = threading.Event()
        self.go_on.set()

    def __call__(self) -> int:
        self.go_on.wait(10)
        self.clock.now += self.seconds
        self.number += 1
        return self.number


def test_a_cheap_look_is_taken_anew() -> None:
    clock = Clock()
    looks, take = Looks[int](clock, clock), Counted(clock, 0.01)
    assert [looks.latest(take).found for _ in range(3)] == [1, 2, 3]


def test_an_expensive_look_is_shown_again_until_the_next_is_there() -> None:
    clock = Clock()
    looks, take = Looks[int](clock, clock), Counted(clock, 3.0)
    assert looks.latest(take).found == 1
    clock.now += 59
    assert looks.latest(take).found == 1, "looks take a twentieth of the time"
    clock.now += 2
    take.go_on.clear()
    assert [looks.latest(take).found for _ in range(3)] == [1, 1, 1]
    take.go_on.set()
    wait_until(lambda: looks.latest(take).found == 2, 10, "the look behind")
    assert take.number == 2, "one at a time"


def test_what_is_known_to_be_otherwise_is_not_shown() -> None:
    clock = Clock()
    looks, take = Looks[int](clock, clock), Counted(clock, 3.0)
    looks.latest(take)
    looks.forget()
    assert looks.latest(take).found == 2


def test_a_while_after_the_start_somebody_has_looked_already(
    backend: LiveBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[None] = []
    loop = StorageLoop(backend.platform)
    monkeypatch.setattr(backend.platform.looks, "latest", lambda _take: taken.append(None))
    loop.look()
    assert taken == [], "pages and workers come first"
    monkeypatch.setattr("backend.storage.loop.FIRST_LOOK_SECONDS", 0.0)
    loop = StorageLoop(backend.platform)
    loop.look()
    loop.look()
    assert len(taken) == 1


def test_experiments_on_the_disk_are_read_page_by_page(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    for _ in range(2):
        start_run(backend, federation)
    worker.work_until_idle()
    everything = backend.get("/storage")
    assert everything["next_after"] is None
    assert everything["looked_at"]
    first = backend.get("/storage", limit=1)
    second = backend.get("/storage", limit=1, after=first["next_after"])
    assert second["next_after"] is None
    assert [*first["experiments"], *second["experiments"]] == everything["experiments"]
    assert len(everything["experiments"]) == 2
    assert everything["experiments"][0]["num_bytes"] >= everything["experiments"][1]["num_bytes"] > 0
    assert first["datasets"] == everything["datasets"]
