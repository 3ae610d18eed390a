"""`fedsm up` as a process: what it starts, restarts and leaves behind."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.conftest import wait_until

START_SECONDS = 90.0
PROGRAMS = {"broker", "backend", "worker"}


@dataclass
class FedsmProcess:
    """A `fedsm` command under test, with what it has printed so far."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def login_url(self) -> str:
        wait_until(
            lambda: self._find_url() is not None or self.process.poll() is not None, START_SECONDS, "the address"
        )
        url = self._find_url()
        assert url is not None, self.output
        return url

    def _find_url(self) -> str | None:
        found = re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", self.output)
        return found[0] if found else None

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)


def start_fedsm(home: Path, *arguments: str, **environment: str) -> FedsmProcess:
    process = subprocess.Popen(
        [sys.executable, "-m", "fedsm", *arguments],
        env={**os.environ, "FEDSM_HOME": str(home), "REDIS_URL": "", "FEDSM_CONCURRENCY": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return FedsmProcess(process)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home") / ("a-long-name-" * 8)


@pytest.fixture(scope="module")
def running(home: Path) -> Iterator[FedsmProcess]:
    command = start_fedsm(home, "up", "--port", "0")
    command.login_url()
    wait_until(lambda: "  worker   ready after" in command.output, START_SECONDS, "the worker")
    yield command
    if command.process.poll() is None:
        command.process.terminate()
        command.process.wait(120)


def server_of(command: FedsmProcess) -> str:
    return command.login_url().partition("/?")[0]


def is_healthy(server: str) -> bool:
    try:
        return httpx.get(f"{server}/api/v1/health", trust_env=False).is_success
    except httpx.TransportError:
        return False


def children(command: FedsmProcess) -> dict[str, int]:
    """What the supervisor started: program to process id."""
    answer = subprocess.run(
        ["pgrep", "-a", "-P", str(command.process.pid)], capture_output=True, text=True, check=True
    ).stdout
    found = {}
    for line in answer.splitlines():
        pid, _, words = line.partition(" ")
        name = "broker" if "valkey-server" in words else words.split()[-1]
        if name in PROGRAMS:  # for a moment a new process still has the supervisor's own words
            found[name] = int(pid)
    return found


def test_it_prints_an_address_that_signs_in(running: FedsmProcess) -> None:
    server, _, token = running.login_url().partition("/?token=")
    answer = httpx.post(f"{server}/api/v1/session", json={"token": token}, trust_env=False)
    assert answer.is_success
    assert children(running).keys() == PROGRAMS


def test_the_address_is_there_before_the_worker_has_loaded_its_libraries(running: FedsmProcess) -> None:
    backend, address, worker = (
        running.output.index(text) for text in ("  backend  ready after", running.login_url(), "  worker   ready after")
    )
    assert backend < address < worker


@pytest.mark.parametrize("name", ["backend", "worker", "broker"])
def test_what_dies_is_started_again(running: FedsmProcess, name: str) -> None:
    server, before = server_of(running), children(running)
    os.kill(before[name], signal.SIGKILL)
    wait_until(lambda: children(running).get(name, before[name]) != before[name], START_SECONDS, f"a new {name}")
    wait_until(lambda: is_healthy(server), START_SECONDS, "the backend's answer")
    wait_until(
        lambda: f"the {name} was ended by SIGKILL; starting it again" in running.output, 30, "a line that says so"
    )
    assert {n: pid for n, pid in children(running).items() if n != name} == {
        n: pid for n, pid in before.items() if n != name
    }


def test_a_second_start_says_where_the_first_one_is(running: FedsmProcess, home: Path) -> None:
    second = start_fedsm(home, "up")
    assert second.process.wait(START_SECONDS) == 0
    assert second.login_url() == running.login_url()
    assert "already runs" in second.output


def test_a_taken_port_is_told_with_the_remedy(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        command = start_fedsm(tmp_path, "up", "--port", port)
        assert command.process.wait(START_SECONDS) == 1
    wait_until(lambda: "choose another with --port" in command.output, 5, "the remedy")
    assert f"port {port} on 127.0.0.1 is taken" in command.output


def test_a_program_that_cannot_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    command = start_fedsm(tmp_path, "up", "--port", "0", FEDSM_LEASE_SECONDS="minus one")
    assert command.process.wait(START_SECONDS) == 1
    wait_until(lambda: "last lines of" in command.output, 5, "the log's end")
    assert "the backend ended with exit code" in command.output
    assert "lease_seconds" in command.output.lower()


def test_the_command_line_finds_the_running_platform(running: FedsmProcess, home: Path) -> None:
    command = start_fedsm(home, "experiment", "list", "--federation", "absent")
    assert command.process.wait(START_SECONDS) == 2
    wait_until(lambda: "there is no federation 'absent'" in command.output, 5, "the reason")


def test_terminating_it_leaves_no_process(running: FedsmProcess, home: Path) -> None:
    """Last in this file: it ends the module's platform."""
    family = descendants(running.process.pid)
    assert len(family) >= 4
    running.process.terminate()
    assert running.process.wait(120) == 0
    wait_until(lambda: not any(is_alive(pid) for pid in family), 30, "all processes to end")
    assert not (home / "running.json").exists()


def test_killing_it_leaves_no_process_either(home: Path) -> None:
    command = start_fedsm(home, "up", "--port", "0")
    try:
        command.login_url()
        # The worker starts after the pages are served.
        wait_until(lambda: len(descendants(command.process.pid)) >= 4, 60, "broker, backend and worker")
        family = descendants(command.process.pid)
    finally:
        command.process.kill()
        command.process.wait()
    wait_until(lambda: not any(is_alive(pid) for pid in family), 30, "all processes to end")


def descendants(pid: int) -> list[int]:
    answer = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout
    direct = [int(line) for line in answer.split()]
    return direct + [grandchild for child in direct for grandchild in descendants(child)]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
