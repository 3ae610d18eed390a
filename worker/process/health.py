"""The health check: `python -m worker.process.health` exits 0 while the backend answers this machine's worker."""

import sys
import tempfile
import time
from pathlib import Path

#: A file that is touched after each heartbeat that the backend answered.
HEARD_FILE = Path(tempfile.gettempdir()) / "fedsm-worker-heard"
MAX_SILENCE_SECONDS = 20.0


def note_heard() -> None:
    """Notes that the backend answered a heartbeat just now."""
    HEARD_FILE.touch()


def seconds_since_heard() -> float:
    """Seconds since the backend last answered; infinity where it never did."""
    try:
        return time.time() - HEARD_FILE.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


if __name__ == "__main__":
    sys.exit(0 if seconds_since_heard() < MAX_SILENCE_SECONDS else "the backend has not answered a heartbeat lately")
