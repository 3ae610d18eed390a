"""Artifacts in an S3-compatible bucket, with a folder of this machine before it: what is read often is read from there.

The bucket has everything; the folder is a cache that may be emptied at any time. A file is in the bucket before a row
of the database names it, and is hashed after it came from there.
"""

import contextlib
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from weakref import WeakValueDictionary

from backend.artifacts.bucket import MIB, Absent, Bucket
from backend.artifacts.store import INCOMING, STRAY_SECONDS, FolderStore, IncomingFile, Problem, hash_of, refusal_of
from backend.disks import disk_full_errors, disk_of, require_room

#: A file of the cache that was used within this time is not removed, because somebody may be reading it.
BUSY_SECONDS = 600.0


class S3Store(FolderStore):
    """Its methods raise ArtifactStoreAway where the bucket cannot be used."""

    def __init__(self, folder: Path, bucket: Bucket, cache_mib: int) -> None:
        super().__init__(folder)
        self._bucket = bucket
        self._cache_bytes = cache_mib * MIB
        self._locks: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
        self._of_locks = threading.Lock()

    def prepare(self, incoming: IncomingFile) -> None:
        self._bucket.send(incoming.temporary, incoming.sha256)

    def keep(self, incoming: IncomingFile) -> None:
        """Sent again where it is gone since it was prepared, because a sweep took it before the row was locked."""
        if self._bucket.size_of(incoming.sha256) != incoming.num_bytes:
            self._bucket.send(incoming.temporary, incoming.sha256)
        super().keep(incoming)

    def adopt(self, sha256: str) -> None:
        self._bucket.send(self._file(sha256), sha256)

    def is_empty(self) -> bool:
        return super().is_empty() and self._bucket.owner() is None and next(self._bucket.addresses(), None) is None

    def holds(self, sha256: str, num_bytes: int) -> bool:
        return self._bucket.size_of(sha256) == num_bytes

    def problem(self, sha256: str, again: bool = False) -> Problem | None:
        """again: of the bucket's bytes, which then come into no cache."""
        if not again and super().problem(sha256) is None:
            return None
        with self._lock_of(sha256):
            if again:
                return self._look_again(sha256)
            if super().problem(sha256) is None:  # brought by another reader meanwhile
                return None
            return self._bring(sha256)

    def path(self, sha256: str) -> Path:
        file = super().path(sha256)
        self._note_use(file)
        return file if file.exists() else super().path(sha256)  # removed just before its use was noted

    @contextlib.contextmanager
    def reading(self, sha256: str) -> Iterator[Path]:
        if super().problem(sha256) is None:
            yield self.path(sha256)
            return
        with self._temporary() as file:
            problem = self._fetch(sha256, file)
            if problem is not None:
                raise refusal_of(sha256, problem)
            yield file

    def remove(self, sha256: str) -> None:
        self._bucket.remove(sha256)
        super().remove(sha256)

    def addresses(self) -> Iterator[str]:
        return self._bucket.addresses()

    def is_stray(self, sha256: str) -> bool:
        changed_at = self._bucket.changed_at(sha256)
        return changed_at is not None and time.time() - changed_at > STRAY_SECONDS

    def remove_leftovers(self) -> int:
        self._shrink_cache(self._cache_bytes)
        return super().remove_leftovers()

    def _look_again(self, sha256: str) -> Problem | None:
        """The cache's file mends the bucket's, and goes where it is damaged itself."""
        is_cached = super().problem(sha256, again=True) is None
        try:
            problem: Problem | None = None if self._bucket.hash_of(sha256) == sha256 else "damaged"
        except Absent:
            problem = "lost"
        if not is_cached:
            super().remove(sha256)
        elif problem is not None:
            self._bucket.send(self._file(sha256), sha256)
            return None
        return problem

    def _bring(self, sha256: str) -> Problem | None:
        """From the bucket into the cache, if it is whole."""
        with self._temporary() as file:
            problem = self._fetch(sha256, file)
            if problem is None:
                super().keep(IncomingFile(sha256, file.stat().st_size, file))
            else:
                super().remove(sha256)
            return problem

    def _fetch(self, sha256: str, file: Path) -> Problem | None:
        """Raises DiskFull."""
        self._make_room()
        try:
            with disk_full_errors(self.folder):
                self._bucket.fetch(sha256, file)
        except Absent:
            return "lost"
        return None if hash_of(file) == sha256 else "damaged"

    @contextlib.contextmanager
    def _temporary(self) -> Iterator[Path]:
        with disk_full_errors(self.folder):
            descriptor, name = tempfile.mkstemp(dir=self.folder, prefix=INCOMING)
        os.close(descriptor)
        try:
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    def _make_room(self) -> None:
        """Before something is brought: a cache is not worth a full disk. Raises DiskFull."""
        self._shrink_cache(self._cache_bytes)
        if disk_of(self.folder).is_full:
            self._shrink_cache(0)
        require_room(self.folder)

    def _shrink_cache(self, max_bytes: int) -> None:
        """Those that were read longest ago go first."""
        found = []
        for path in self.folder.glob("??/*"):
            with contextlib.suppress(FileNotFoundError):
                status = path.stat()
                found.append((_used_at(status), status.st_size, path))
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= max_bytes:
                return
            with contextlib.suppress(FileNotFoundError):
                if time.time() - _used_at(path.stat()) < BUSY_SECONDS:  # perhaps since it was listed
                    continue
                path.unlink()
            total -= size

    def _note_use(self, file: Path) -> None:
        """By hand, because most systems note no reading; the time of change says that the file was verified."""
        with contextlib.suppress(FileNotFoundError):
            os.utime(file, ns=(time.time_ns(), file.stat().st_mtime_ns))

    def _lock_of(self, sha256: str) -> threading.Lock:
        """Of those who ask for the same address one brings it; it is kept for as long as one of them has it."""
        with self._of_locks:
            return self._locks.setdefault(sha256, threading.Lock())


def _used_at(status: os.stat_result) -> float:
    """Unix time in s."""
    return max(status.st_atime, status.st_mtime)
