"""Waiting on a full disk: say it, and go on when there is room. Nothing that was computed is lost meanwhile."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from worker.process.lease import Lease
from worker.stores.artifact_cache import NO_ROOM

ROOM_SECONDS = 2.0


def write_when_there_is_room(write: Callable[[], None], folder: Path, what: str, lease: Lease) -> None:
    """Calls `write` until the disk takes it. folder: on the disk in question.

    Raises StopRequested when the task is not wanted any more, and whatever else `write` raises.
    """
    has_waited = False
    while True:
        try:
            write()
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
        else:
            if has_waited:
                lease.log("info", f"there is room again for {what}: the work goes on")
            return
        if not has_waited:
            usage = shutil.disk_usage(folder)
            lease.log(
                "warning",
                f"waits: the disk of this worker is full ({usage.free / 2**20:.1f} of {usage.total / 2**20:.1f} MiB "
                f"free in {folder}), so that {what} cannot be kept: make room there, or lower FEDSM_ARTIFACT_CACHE_MIB",
            )
            has_waited = True
        lease.check()
        time.sleep(ROOM_SECONDS)
