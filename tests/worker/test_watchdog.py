"""A real process that hangs, and the watchdog that ends it; only the backend is played."""

import os
import re
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from backend.contracts.tasks import FailRequest
from tests.conftest import wait_until
from worker.process import signs, watchdog
from worker.process.signs import Sign, read_sign, take_place
from worker.process.watchdog import Watchdog
from worker.stores.api_client import AttemptSuperseded

INDEX = 0
LEASE_SECONDS = 3.0


class PlayedApi:
    """Keeps what it is told of failures."""

    def __init__(self) -> None:
        self.told: list[tuple[str, FailRequest]] = []
        self.refuse = False

    def fail(self, task_id: str, request: FailRequest, _patience_seconds: float) -> None:
        if self.refuse:
            raise AttemptSuperseded("the lease is over")
        self.told.append((task_id, request))


@pytest.fixture
def api() -> PlayedApi:
    return PlayedApi()


@pytest.fixture
def start() -> Iterator[Callable[[Callable[[], None]], int]]:
    """Forks a process that takes its place, begins a task and does the given."""
    children: list[int] = []

    def fork(work: Callable[[], None]) -> int:
        pid = os.fork()
        if pid == 0:
            try:
                own = take_place(INDEX, os.getpid())
                own.start_beating()
                own.begin("t1", 2, LEASE_SECONDS)
                work()
                own.end()
                time.sleep(60)
            finally:
                os._exit(0)
        children.append(pid)
        wait_until(lambda: read_sign(INDEX).pid == pid and read_sign(INDEX).task_id == "t1", 5, "the process to begin")
        return pid

    yield fork
    for pid in children:
        try:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
    signs.Signs(INDEX, 0)


def backtrack() -> None:
    """C code that keeps the interpreter to itself for years."""
    re.match(r"^(?:(?:a|a)*)*(b)$", "a" * 40)


def wait_for_ever() -> None:
    """C code that lets others run."""
    read_end, _write_end = os.pipe()
    os.read(read_end, 1)


def wait_for_word(read_end: int) -> None:
    os.read(read_end, 1)


def look_until_ended(dog: Watchdog, pid: int, seconds: float = 15) -> None:
    def ended() -> bool:
        time.sleep(0.25)
        dog.look(0.25)
        done, _ = os.waitpid(pid, os.WNOHANG)
        return done == pid

    wait_until(ended, seconds, "the process to be ended")


def test_a_process_that_keeps_the_interpreter_is_ended_and_reported(
    api: PlayedApi, start: Callable[[Callable[[], None]], int]
) -> None:
    dog = Watchdog(api, 1, stall_seconds=1000)
    pid = start(backtrack)
    look_until_ended(dog, pid)
    [(task_id, failure)] = api.told
    assert (task_id, failure.attempt, failure.kind, failure.retryable) == ("t1", 2, "process_hung", True)
    assert "no sign of life" in failure.message
    assert dog.num_hung == 1


def test_a_stopped_process_is_ended(api: PlayedApi, start: Callable[[Callable[[], None]], int]) -> None:
    dog = Watchdog(api, 1, stall_seconds=1000)
    pid = start(wait_for_ever)
    os.kill(pid, signal.SIGSTOP)
    look_until_ended(dog, pid)
    assert [failure.kind for _, failure in api.told] == ["process_hung"]


def test_a_process_that_is_stopped_while_idle_is_ended_and_nobody_is_told(
    api: PlayedApi, start: Callable[[Callable[[], None]], int]
) -> None:
    """The next task would be given to it, and never begin."""
    dog = Watchdog(api, 1, stall_seconds=5)
    read_end, write_end = os.pipe()
    pid = start(lambda: wait_for_word(read_end))
    os.write(write_end, b"x")
    wait_until(lambda: read_sign(INDEX).task_id == "", 5, "the task to end")
    for _ in range(5):  # idle for longer than work may stand still, with beats
        beats = read_sign(INDEX).beats
        wait_until(lambda beats=beats: read_sign(INDEX).beats > beats, 10, "a beat")
        dog.look(4)
    assert dog.num_hung == 0
    os.kill(pid, signal.SIGSTOP)
    dog.look(1)
    dog.look(watchdog.IDLE_PATIENCE_SECONDS - 2)
    assert os.waitpid(pid, os.WNOHANG) == (0, 0)
    assert dog.num_hung == 1
    dog.look(2)
    wait_until(lambda: os.waitpid(pid, os.WNOHANG)[0] == pid, 5, "the process to be ended")
    assert api.told == []


def test_work_that_does_not_move_is_ended_though_its_threads_run(
    api: PlayedApi, start: Callable[[Callable[[], None]], int]
) -> None:
    dog = Watchdog(api, 1, stall_seconds=2)
    pid = start(wait_for_ever)
    look_until_ended(dog, pid)
    assert "no progress" in api.told[0][1].message


def test_work_that_moves_is_left_alone(api: PlayedApi, start: Callable[[Callable[[], None]], int]) -> None:
    def work() -> None:
        while True:
            signs.pulse()
            time.sleep(0.05)

    dog = Watchdog(api, 1, stall_seconds=2)
    pid = start(work)

    def has_moved(before: Sign) -> bool:
        now = read_sign(INDEX)
        return now.pulses > before.pulses and now.beats > before.beats

    for _ in range(3):  # in all for longer than work may stand still
        before = read_sign(INDEX)
        wait_until(lambda before=before: has_moved(before), 10, "a pulse and a beat")
        dog.look(1.5)
    assert os.waitpid(pid, os.WNOHANG) == (0, 0)
    assert (api.told, dog.num_hung) == ([], 0)


def test_a_cancelled_task_that_does_not_stop_is_ended_and_nobody_is_told(
    api: PlayedApi, start: Callable[[Callable[[], None]], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "STOP_SECONDS", 1.0)

    def work() -> None:
        own = signs.own_signs()
        assert own is not None
        own.stop()
        while True:
            own.pulse()
            time.sleep(0.05)

    dog = Watchdog(api, 1, stall_seconds=1000)
    look_until_ended(dog, start(work))
    assert api.told == []


def test_a_process_that_ended_by_itself_is_not_killed_by_its_number(
    api: PlayedApi, start: Callable[[Callable[[], None]], int]
) -> None:
    pid = start(lambda: os._exit(3))
    os.waitpid(pid, 0)
    dog = Watchdog(api, 1, stall_seconds=1000)
    for _ in range(20):
        dog.look(0.25)
    assert api.told == []


def test_a_backend_that_counts_the_attempt_as_lost_already_is_no_problem(
    api: PlayedApi, start: Callable[[Callable[[], None]], int]
) -> None:
    api.refuse = True
    look_until_ended(Watchdog(api, 1, stall_seconds=1000), start(backtrack))
    assert api.told == []
