"""A hospital's limits of memory and disk: looked at while a task runs, which ends where it takes more."""

import os
import resource
import stat
import sys
import time
from pathlib import Path

from backend.contracts.failures import FailureKind
from backend.contracts.site_limits import SiteLimits
from worker.process.allocator import give_freed_memory_back
from worker.stores.artifact_cache import ArtifactCache

#: Seconds between two measurements of the folder.
DISK_SECONDS = 10.0
_STATM = Path("/proc/self/statm")


class OverLimit(Exception):
    """The task takes more than the hospital gives. kind: of which. is_told: whether the backend knows it."""

    def __init__(self, kind: FailureKind, taken: int, limit: int) -> None:
        what = "of memory" if kind == "over_memory_limit" else "on the disk"
        super().__init__(f"it takes {taken / 2**30:.2f} GiB {what}, and this site gives {limit / 2**30:.2f} GiB")
        self.kind = kind
        self.is_told = False


class Guard:
    """Of one task. cache: of artifacts, in the worker's folder; it makes room before anything ends."""

    def __init__(self, limits: SiteLimits, cache: ArtifactCache) -> None:
        self._limits, self._cache = limits, cache
        self._looked_at = -DISK_SECONDS

    def look(self) -> OverLimit | None:
        """What is over its limit now; None where nothing is."""
        memory, disk = self._limits.memory_bytes, self._limits.disk_bytes
        if memory is not None and resident_bytes() > memory:
            give_freed_memory_back()
            if (taken := resident_bytes()) > memory:
                return OverLimit("over_memory_limit", taken, memory)
        if disk is None or time.monotonic() - self._looked_at < DISK_SECONDS:
            return None
        self._looked_at = time.monotonic()
        in_cache = _bytes_in(self._cache.folder)
        others = _bytes_in(self._cache.folder.parent) - in_cache
        if others + in_cache > disk:
            self._cache.trim(max(0, disk - others))
        return OverLimit("over_disk_limit", others, disk) if others > disk else None


def resident_bytes() -> int:
    """Main memory of this process now; where the system does not say it, the most that it ever was."""
    if _STATM.exists():
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS, KiB elsewhere
    return peak * (1 if sys.platform == "darwin" else 2**10)


def _bytes_in(folder: Path) -> int:
    """Of all files below it; a file or a folder that goes meanwhile counts nothing."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                status = os.lstat(os.path.join(place, name))
            except FileNotFoundError:
                continue
            total += status.st_size if stat.S_ISREG(status.st_mode) else 0
    return total
