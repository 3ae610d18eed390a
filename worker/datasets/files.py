"""Safe reading of a site's files: nothing outside the data set's folder, and nothing without bound."""

import hashlib
from pathlib import Path
from stat import S_ISREG

MAX_FILE_BYTES = 512 * 2**20
#: Of JSON and tables, whose text and numbers take about ten times as much memory as their bytes.
MAX_TEXT_BYTES = 32 * 2**20


class UnsafeFile(ValueError):
    """A path that must not or cannot be read; the text says why and what to do."""


def read_bytes_inside(folder: Path, relative: str, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """The bytes of `relative`, a path below `folder`.

    Raises UnsafeFile where the path leaves the folder (`..`, an absolute path, a symbolic link), is no regular file, is
    too big, or may not be read. Other OSErrors pass through, as that of a network drive that went away.
    """
    path = resolve_inside(folder, relative)
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise UnsafeFile("is not there: put it back, or check the data set again") from None
    if not S_ISREG(status.st_mode):  # a folder, or a pipe, which would block for ever
        raise UnsafeFile("is no regular file: put the image files themselves there, not folders")
    num_bytes = status.st_size
    if num_bytes > max_bytes:
        raise UnsafeFile(f"has {num_bytes / 2**20:.0f} MiB, more than {max_bytes // 2**20} MiB: make it smaller")
    try:
        return path.read_bytes()
    except PermissionError:
        raise UnsafeFile("may not be read: give the worker's user permission to read it") from None


def resolve_inside(folder: Path, relative: str) -> Path:
    """The real path, with symbolic links followed. Raises UnsafeFile where it is outside the folder."""
    root = folder.resolve()
    try:
        path = (root / relative).resolve()
    except (OSError, RuntimeError):  # a loop of links
        raise UnsafeFile("is a symbolic link that leads nowhere: copy the file itself into the folder") from None
    if not path.is_relative_to(root):
        raise UnsafeFile("leads outside of the data set's folder: copy the file itself into the folder")
    return path


def sha256_of(data: bytes) -> str:
    """The file's SHA-256 as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
