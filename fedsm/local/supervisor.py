"""Starts broker, backend and worker, restarts what dies, and leaves no process behind."""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

FIRST_DELAY_SECONDS = 0.5
MAX_DELAY_SECONDS = 15.0
#: A process that has run for this long starts again without delay.
STEADY_SECONDS = 30.0
LOG_TAIL_LINES = 15
MAX_LOG_BYTES = 10 * 2**20
_PR_SET_PDEATHSIG = 1


class StartFailed(Exception):
    """Its text names the program, how it ended, and the end of its log."""


@dataclass(frozen=True)
class Program:
    """What to run, where its output goes, and how to see that it is ready."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    log_file: Path
    is_ready: Callable[[], bool]
    start_seconds: float = 60.0
    stop_seconds: float = 8.0


@dataclass
class _Child:
    program: Program
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    next_start_at: float = 0.0
    num_quick_deaths: int = 0


@dataclass
class Supervisor:
    """Programs in the order in which they start; they stop in the reverse order, so that each can say goodbye.

    All calls come from the main thread: on Linux the children are bound to the thread that started them, so that
    they end even when this process is killed."""

    programs: tuple[Program, ...]
    say: Callable[[str], None]
    stopping: threading.Event = field(default_factory=threading.Event)
    _children: list[_Child] = field(default_factory=list)

    def start(self, on_ready: Callable[[str], None] = lambda _: None) -> None:
        """Starts all programs, then waits until each is ready. on_ready: called with the name of each that is.

        Raises StartFailed.
        """
        for program in self.programs:
            child = _Child(program)
            self._children.append(child)
            _launch(child)
            if program is self.programs[0]:  # the others connect to the broker as they start
                self._await_ready(child, on_ready)
        for child in self._children[1:]:
            self._await_ready(child, on_ready)

    def watch(self) -> None:
        """Restarts what dies, until `stopping` is set."""
        while not self.stopping.wait(0.25):
            for child in self._children:
                self._revive(child)
                _cut_log(child.program.log_file)

    def stop(self) -> None:
        for child in reversed(self._children):
            _end(child)

    def _await_ready(self, child: _Child, on_ready: Callable[[str], None]) -> None:
        deadline = time.monotonic() + child.program.start_seconds
        while not child.program.is_ready():
            process = child.process
            if process is None or process.poll() is not None:
                status = "did not start" if process is None else _how_it_ended(process.returncode)
                raise StartFailed(f"the {child.program.name} {status}.\n{_log_tail(child.program)}")
            if time.monotonic() > deadline:
                seconds = child.program.start_seconds
                raise StartFailed(
                    f"the {child.program.name} is not ready after {seconds:.0f} s.\n{_log_tail(child.program)}"
                )
            if self.stopping.wait(0.05):
                return
        self.say(f"  {child.program.name:<8} ready after {time.monotonic() - child.started_at:.1f} s")
        on_ready(child.program.name)

    def _revive(self, child: _Child) -> None:
        process = child.process
        if process is not None and process.poll() is not None:
            lived_seconds = time.monotonic() - child.started_at
            _kill_group(process.pid)
            child.process = None
            child.num_quick_deaths = 0 if lived_seconds > STEADY_SECONDS else child.num_quick_deaths + 1
            delay = _restart_delay(child.num_quick_deaths)
            child.next_start_at = time.monotonic() + delay
            name, ending = child.program.name, _how_it_ended(process.returncode)
            self.say(f"the {name} {ending}; starting it again in {delay:.1f} s (log: {child.program.log_file})")
            if child.num_quick_deaths == 3:
                self.say(_log_tail(child.program))
        if child.process is None and time.monotonic() >= child.next_start_at:
            _launch(child)


def _restart_delay(num_quick_deaths: int) -> float:
    """0 for the first death after a steady life, then 0.5, 1, 2, ... 15 s."""
    if num_quick_deaths == 0:
        return 0.0
    return float(min(FIRST_DELAY_SECONDS * 2 ** (num_quick_deaths - 1), MAX_DELAY_SECONDS))


def _launch(child: _Child) -> None:
    """In a session of its own: Ctrl-C in the terminal reaches us alone, and we decide the order of stopping."""
    program = child.program
    _roll_log(program.log_file)
    with open(program.log_file, "ab") as log:
        child.process = subprocess.Popen(
            program.command,
            env=dict(program.environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_end_with_parent if sys.platform.startswith("linux") else None,
        )
    child.started_at = time.monotonic()


_libc = ctypes.CDLL(None)


def _end_with_parent() -> None:
    """In the child, before the program starts: ask Linux for a SIGTERM when the supervisor dies."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def _end(child: _Child) -> None:
    process, child.process = child.process, None
    if process is None:
        return
    process.terminate()
    try:
        process.wait(child.program.stop_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    finally:
        _kill_group(process.pid)


def _kill_group(process_id: int) -> None:
    """What the program itself started and left."""
    try:
        os.killpg(process_id, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
        return


def _how_it_ended(return_code: int) -> str:
    if return_code < 0:
        return f"was ended by {signal.Signals(-return_code).name}"
    return f"ended with exit code {return_code}"


def _log_tail(program: Program) -> str:
    """The last lines of a program's log, indented, with the file's name."""
    with open(program.log_file, "rb") as log:
        log.seek(max(0, log.seek(0, os.SEEK_END) - 20000))
        lines = log.read().decode(errors="replace").splitlines()[-LOG_TAIL_LINES:]
    return "\n".join([f"  last lines of {program.log_file}:", *(f"    {line}" for line in lines)])


def _cut_log(path: Path) -> None:
    """Of a running program, which keeps its file open: what it wrote is copied away and the file begins anew. It is
    opened for appending, so that the next line is the first."""
    try:
        if path.stat().st_size > MAX_LOG_BYTES:
            shutil.copyfile(path, path.with_suffix(".old.log"))
            os.truncate(path, 0)
    except OSError:  # a full disk, or a file that somebody removed: the program goes on
        return


def _roll_log(path: Path) -> None:
    """One older file is kept, so that logs stay bounded over restarts."""
    if path.exists() and path.stat().st_size > MAX_LOG_BYTES:
        os.replace(path, path.with_suffix(".old.log"))
