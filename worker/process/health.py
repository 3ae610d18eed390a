"""`python -m worker.process.health` exits 0 while the backend hears the worker of this machine. For health checks."""

import sys
import tempfile
import time
from pathlib import Path

#: Touched after each heartbeat that the backend answered.
HEARD_FILE = Path(tempfile.gettempdir()) / "fedsm-worker-heard"
LONGEST_SILENCE_SECONDS = 20.0


def note_heard() -> None:
    HEARD_FILE.touch()


def seconds_since_heard() -> float:
    """Infinite where the backend never answered."""
    try:
        return time.time() - HEARD_FILE.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


if __name__ == "__main__":
    sys.exit(
        0 if seconds_since_heard() < LONGEST_SILENCE_SECONDS else "the backend has not answered a heartbeat lately"
    )
