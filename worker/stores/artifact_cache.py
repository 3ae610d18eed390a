"""Content-addressed files on this machine's disk, shared by all worker processes and bounded in size."""

import contextlib
import errno
import hashlib
import logging
import os
import tempfile
from pathlib import Path

logger = logging.getLogger(__name__)

#: The system's errors for a full disk and for a full quota.
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
#: Bytes written by one process after which the folder is measured and the oldest files are removed.
TRIM_EVERY_BYTES = 64 * 2**20


def sha256_of(content: bytes) -> str:
    """The content's SHA-256 as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


class ArtifactCache:
    """Files named `ab/abcdef...`, as in the backend's store. A file appears whole, by rename, and is hashed again when
    read.

    Hashing costs 4 ms for a 6.5 MB model and finds a file that a power cut left half on the disk.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._bytes_since_trim = TRIM_EVERY_BYTES
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def read(self, sha256: str) -> bytes | None:
        """The content, or None where it is not here or its file is damaged."""
        path = self._path(sha256)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        if sha256_of(content) != sha256:
            path.unlink(missing_ok=True)
            return None
        with contextlib.suppress(FileNotFoundError):  # another process may just have trimmed it
            os.utime(path)
        return content

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
