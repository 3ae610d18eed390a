"""Signs of life of the worker's processes, in memory that they share with the main process.

A child writes and the main process reads (watchdog.py). There are two counters. *Beats* say that some thread of the
child still runs; they end when C code keeps the interpreter to itself, or when the process is stopped. *Pulses* say
that its work moves on. They are counters and not times, so a machine that sleeps makes no process look dead.
"""

import mmap
import struct
import threading
from dataclasses import dataclass

BEAT_SECONDS = 1.0
MAX_PROCESSES = 1024
_ID_BYTES = 64
#: Fields: pid, beats, pulses, attempt, whether the task is to stop, lease in milliseconds, task id.
_LAYOUT = struct.Struct(f"<6Q{_ID_BYTES}s")
_PID, _BEATS, _PULSES, _ATTEMPT, _STOPPING, _LEASE = range(6)
# Anonymous shared memory, made at import and so before the fork.
_memory = mmap.mmap(-1, MAX_PROCESSES * _LAYOUT.size)


@dataclass(frozen=True)
class Sign:
    """What a process last wrote. task_id: empty while it does nothing."""

    pid: int
    beats: int
    pulses: int
    attempt: int
    stopping: bool
    lease_seconds: float
    task_id: str


def read_sign(index: int) -> Sign:
    """The last sign of the process with this index."""
    pid, beats, pulses, attempt, stopping, lease, raw = _LAYOUT.unpack_from(_memory, index * _LAYOUT.size)
    return Sign(pid, beats, pulses, attempt, bool(stopping), lease / 1000, raw.rstrip(b"\0").decode(errors="replace"))


class Signs:
    """The place of one process, to which no other process writes."""

    def __init__(self, index: int, pid: int) -> None:
        self._start = index * _LAYOUT.size
        _LAYOUT.pack_into(_memory, self._start, pid, 0, 0, 0, 0, 0, b"")

    def start_beating(self) -> None:
        """Starts a thread that counts beats and does nothing else."""
        threading.Thread(target=self._beat, name="signs", daemon=True).start()

    def begin(self, task_id: str, attempt: int, lease_seconds: float) -> None:
        """Notes the task that the process begins."""
        self._set(_ATTEMPT, attempt)
        self._set(_STOPPING, 0)
        self._set(_LEASE, round(lease_seconds * 1000))
        self._name(task_id)

    def end(self) -> None:
        """Notes that the process does nothing."""
        self._name("")
        self._set(_STOPPING, 0)

    def pulse(self) -> None:
        """Counts one pulse: the work moves on."""
        self._set(_PULSES, self._get(_PULSES) + 1)

    def stop(self) -> None:
        """Notes that nobody waits for the task any more; the process then has a short time to drop it."""
        self._set(_STOPPING, 1)

    def _beat(self) -> None:
        pause = threading.Event()
        while True:
            self._set(_BEATS, self._get(_BEATS) + 1)
            pause.wait(BEAT_SECONDS)

    def _get(self, field: int) -> int:
        return int.from_bytes(_memory[self._place(field) : self._place(field) + 8], "little")

    def _set(self, field: int, value: int) -> None:
        _memory[self._place(field) : self._place(field) + 8] = value.to_bytes(8, "little")

    def _place(self, field: int) -> int:
        return self._start + 8 * field

    def _name(self, task_id: str) -> None:
        raw = task_id.encode()[:_ID_BYTES]
        _memory[self._start + 48 : self._start + 48 + _ID_BYTES] = raw.ljust(_ID_BYTES, b"\0")


#: The place of this process; None in the main process and outside of a worker.
_own: Signs | None = None


def take_place(index: int, pid: int) -> Signs:
    """Makes this place the process's own; a child calls it after the fork."""
    global _own
    _own = Signs(index, pid)
    return _own


def own_signs() -> Signs | None:
    """This process's place; None in the main process and outside of a worker."""
    return _own


def pulse() -> None:
    """Counts one pulse of this process, where it has a place."""
    if _own is not None:
        _own.pulse()
