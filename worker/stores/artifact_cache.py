"""Content-addressed files on this machine's disk, shared by all worker processes and bounded in size."""

import contextlib
import errno
import hashlib
import logging
import os
import tempfile
import time
from pathlib import Path

logger = logging.getLogger(__name__)

#: The system's errors for a full disk and for a full quota.
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
#: Bytes written by one process after which the folder is measured and the oldest files are removed.
TRIM_EVERY_BYTES = 64 * 2**20
#: Seconds after which a file that is used is touched again: those used longest ago are removed first, to the minute.
TOUCH_SECONDS = 60.0
#: Files of which a process remembers that it hashed them.
MAX_REMEMBERED = 10_000


def sha256_of(content: bytes) -> str:
    """The content's SHA-256 as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


class ArtifactCache:
    """Files named `ab/abcdef...`, as in the backend's store. A file appears whole, by rename, and is hashed when it is
    read, by each process once as long as nobody changes it.

    Hashing costs 4 ms for a 6.5 MB model and finds a file that a power cut left half on the disk.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._bytes_since_trim = TRIM_EVERY_BYTES
        #: By hash: inode, time of change and size of the file whose content was found to have it.
        self._hashed: dict[str, tuple[int, int, int]] = {}
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def read(self, sha256: str) -> bytes | None:
        """The content, or None where it is not here or its file is damaged."""
        try:
            content = self._path(sha256).read_bytes()
        except FileNotFoundError:
            return None
        return content if self._is_whole(sha256, content) else None

    def verified(self, sha256: str) -> Path | None:
        """The file, which holds what its name says; None where it is not here or damaged. Another process may trim it
        at any moment."""
        path = self._path(sha256)
        try:
            if self._hashed.get(sha256) == _signature(path):
                self._touch(sha256)
                return path
        except FileNotFoundError:
            return None
        return None if self.read(sha256) is None else path

    def _is_whole(self, sha256: str, content: bytes) -> bool:
        if sha256_of(content) != sha256:
            self._path(sha256).unlink(missing_ok=True)
            return False
        self._touch(sha256)
        with contextlib.suppress(FileNotFoundError):
            if len(self._hashed) >= MAX_REMEMBERED:
                self._hashed.clear()
            self._hashed[sha256] = _signature(self._path(sha256))
        return True

    def _touch(self, sha256: str) -> None:
        """It is in use, so that others are removed before it."""
        path = self._path(sha256)
        with contextlib.suppress(FileNotFoundError):  # another process may just have trimmed it
            if time.time() - path.stat().st_mtime > TOUCH_SECONDS:
                os.utime(path)
                if sha256 in self._hashed:
                    self._hashed[sha256] = _signature(path)

    def path(self, sha256: str) -> Path | None:
        """The file, not hashed; None where it is not here. Another process may trim it at any moment."""
        path = self._path(sha256)
        return path if path.exists() else None

    def write(self, sha256: str, content: bytes) -> bool:
        """Keeps the content, and returns whether it was new here. Raises OSError.

        `content` must hash to `sha256`; writing again changes nothing. On a full disk nothing is kept, because a cache
        is not worth a failure.
        """
        path = self._path(sha256)
        if path.exists():
            return False
        try:
            path.parent.mkdir(exist_ok=True)
            write_atomically(path, content)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            logger.warning("the artifact cache keeps nothing new: %s", error)
            return True
        self._bytes_since_trim += len(content)
        if self._bytes_since_trim >= TRIM_EVERY_BYTES:
            self._bytes_since_trim = 0
            self.trim()
        return True

    def addresses(self) -> list[str]:
        """The SHA-256 of every file here."""
        return [path.name for path in self._folder.glob("??/*") if len(path.name) == 64]

    def drop(self, sha256: str) -> None:
        """Removes a file; does nothing where it is not here."""
        self._path(sha256).unlink(missing_ok=True)

    @property
    def folder(self) -> Path:
        """Where the files lie."""
        return self._folder

    def trim(self, max_bytes: int | None = None) -> None:
        """Removes the files that were used longest ago until the bound holds. max_bytes: a tighter one, for once."""
        bound = self._max_bytes if max_bytes is None else min(max_bytes, self._max_bytes)
        files = []
        for path in self._folder.glob("??/*"):
            with contextlib.suppress(FileNotFoundError):
                status = path.stat()
                files.append((status.st_mtime_ns, status.st_size, path))
        total = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if total <= bound:
                return
            path.unlink(missing_ok=True)
            total -= size

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256


def _signature(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_mtime_ns, status.st_size


def write_atomically(path: Path, content: bytes) -> None:
    """Writes a file that holds all of `content` or, if the process dies, what it held before. Raises OSError."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".incoming-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
