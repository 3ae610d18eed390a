"""Peak memory and processor time of our child processes, from /proc. Memory is the proportional set size, in which
shared pages count once."""

import os
import threading
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

#: The kernel walks all pages of a process for one reading, up to 60 ms for a worker: more often would slow the rounds.
SAMPLE_SECONDS = 5.0


class PeakMemory:
    """Watches the children of `parent` that run `python -m NAME`, with all their descendants."""

    def __init__(self, parent: int, names: tuple[str, ...]) -> None:
        self._parent = parent
        self._peaks = dict.fromkeys(names, 0.0)
        self._finished = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._finished.set()
        self._thread.join()

    def peak_mb(self, name: str) -> float:
        return self._peaks[name]

    def _watch(self) -> None:
        while not self._finished.wait(SAMPLE_SECONDS):
            for name in self._peaks:
                self._peaks[name] = max(self._peaks[name], tree_mb(self._parent, name))


def cpu_seconds(parent: int, names: tuple[str, ...]) -> float:
    """What the children of `parent` that run `python -m NAME`, with all their descendants, have computed so far."""
    return sum(_cpu_seconds(pid) for name in names for pid in _tree(parent, name))


def cpu_seconds_of(pids: Iterable[int]) -> float:
    """What these processes alone have computed so far; of those that ended nothing."""
    return sum(map(_cpu_seconds, pids))


def tree_mb(parent: int, name: str) -> float:
    """What the children of `parent` that run `python -m NAME`, with all their descendants, hold now, in MB."""
    return sum(_pss_mb(pid) for pid in _tree(parent, name))


def _tree(parent: int, name: str) -> set[int]:
    parents = _parents()
    members = {pid for pid, ppid in parents.items() if ppid == parent and _runs_module(pid, name)}
    while grown := {pid for pid, ppid in parents.items() if ppid in members} - members:
        members |= grown
    return members


def _cpu_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _parents() -> dict[int, int]:
    """Process id to parent's process id."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            continue
        parents[int(path.parent.name)] = int(fields[1])
    return parents


def _runs_module(pid: int, name: str) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return words[1:3] == ["-m", name]


def _pss_mb(pid: int) -> float:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024 / 1e6
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0.0
    return 0.0
