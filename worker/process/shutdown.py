"""One flag, which the main worker process raises and which all its forked children see."""

import ctypes
import mmap
import signal
import sys

# One byte of anonymous shared memory, made at import and so before the fork; it needs no lock and no file.
_flag = mmap.mmap(-1, 1)
_PR_SET_PDEATHSIG = 1


def request_shutdown() -> None:
    """Raises the flag."""
    _flag[0] = 1


def is_shutting_down() -> bool:
    """Whether the flag is raised."""
    return _flag[0] == 1


def die_with_parent(signal_number: int = signal.SIGKILL) -> None:
    """On Linux, lets this process receive a signal when its parent dies, in whatever way, so that no orphan keeps
    computing."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
