"""One flag that the main worker process raises and all its forked children see."""

import ctypes
import mmap
import signal
import sys

# Anonymous shared memory, made at import and so before the fork: no lock, no file, one byte.
_flag = mmap.mmap(-1, 1)
_PR_SET_PDEATHSIG = 1


def request_shutdown() -> None:
    _flag[0] = 1


def is_shutting_down() -> bool:
    return _flag[0] == 1


def die_with_parent(signal_number: int = signal.SIGKILL) -> None:
    """On Linux, sends this process a signal when its parent dies, however it dies: no orphan keeps computing."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
