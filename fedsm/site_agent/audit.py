"""The site's own record of what came in, what left and what was refused: one JSON line each, each with the hash of the
line before it, so that a line that is changed, taken out or moved shows."""

import fcntl
import hashlib
import json
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from backend.contracts.audit import GENESIS, AuditHead


class Audit:
    """Appends; nothing here changes a line. The agent and the commands of people may append at the same time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        #: Of the file when the head was read last.
        self._size = -1
        self._head = AuditHead(number=0, hash=GENESIS)

    @property
    def head(self) -> AuditHead:
        """The last line's number and hash, also where another process wrote it."""
        with self._lock, self._open() as file:
            return self._read_head(file)

    def write(self, what: str, **about: Any) -> None:
        """what: a word such as `claimed` or `refused`; about: what it concerns, never data of a case."""
        with self._lock, self._open() as file:
            before = self._read_head(file)
            record = {
                "number": before.number + 1,
                "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "what": what,
                **about,
                "previous": before.hash,
            }
            line = json.dumps(record, ensure_ascii=True)
            file.seek(0, os.SEEK_END)
            file.write(line.encode() + b"\n")
            file.flush()
            self._size, self._head = file.tell(), AuditHead(number=before.number + 1, hash=_hash(line))

    def _open(self) -> BinaryIO:
        """Held by one process at a time, until it is closed."""
        descriptor = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return os.fdopen(descriptor, "r+b")

    def _read_head(self, file: BinaryIO) -> AuditHead:
        """What a killed process left of a line goes: it was never written whole, and nothing follows it."""
        size = file.seek(0, os.SEEK_END)
        if size != self._size:
            file.seek(0)
            content = file.read()
            whole = content.rfind(b"\n") + 1
            file.truncate(whole)
            self._size, self._head = whole, _head_of(content[:whole].decode("utf-8", "replace").splitlines())
        return self._head


def verify(path: Path) -> dict[int, str]:
    """The number of each line, and its hash. Raises ValueError naming the first line that was changed, taken out or
    moved."""
    hashes = {0: GENESIS}
    for number, line in enumerate(_lines(path), start=1):
        try:
            record = json.loads(line)
            found = (record["number"], record["previous"])
        except (ValueError, KeyError, TypeError):
            raise ValueError(f"line {number} of {path} cannot be read: it was changed") from None
        if found != (number, hashes[number - 1]):
            raise ValueError(
                f"line {number} of {path} does not follow the one before: one was changed, removed or moved"
            )
        hashes[number] = _hash(line)
    return hashes


def _lines(path: Path) -> Iterator[str]:
    if path.exists():
        with open(path) as file:
            for line in file:
                yield line.rstrip("\n")


def _head_of(lines: list[str]) -> AuditHead:
    if not lines:
        return AuditHead(number=0, hash=GENESIS)
    try:
        return AuditHead(number=int(json.loads(lines[-1])["number"]), hash=_hash(lines[-1]))
    except (ValueError, KeyError, TypeError):  # somebody changed it: `verify` names it
        return AuditHead(number=len(lines), hash=_hash(lines[-1]))


def _hash(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()
