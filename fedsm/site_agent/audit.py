"""The site's own record of what came in, what left and what was refused: one JSON line each, each with the hash of the
line before it, so that a line that is changed, taken out or moved shows."""

import hashlib
import json
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

GENESIS = "0" * 64


class Audit:
    """Appends; nothing here changes a line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._number, self._head = _end_of(path)

    @property
    def head(self) -> str:
        """The hash of the last line."""
        return self._head

    def write(self, what: str, **about: Any) -> None:
        """what: a word such as `claimed` or `refused`; about: what it concerns, never data of a case."""
        with self._lock:
            record = {
                "number": self._number + 1,
                "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "what": what,
                **about,
                "previous": self._head,
            }
            line = json.dumps(record, ensure_ascii=True)
            descriptor = os.open(self._path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(line + "\n")
            self._number, self._head = self._number + 1, _hash(line)


def verify(path: Path) -> tuple[int, str]:
    """The number of lines and the last one's hash. Raises ValueError naming the first line that was changed, taken out
    or moved."""
    head, number = GENESIS, 0
    for line in _lines(path):
        number += 1
        try:
            record = json.loads(line)
            found = (record["number"], record["previous"])
        except (ValueError, KeyError, TypeError):
            raise ValueError(f"line {number} of {path} cannot be read: it was changed") from None
        if found != (number, head):
            raise ValueError(
                f"line {number} of {path} does not follow the one before: one was changed, removed or moved"
            )
        head = _hash(line)
    return number, head


def _lines(path: Path) -> Iterator[str]:
    if path.exists():
        with open(path) as file:
            for line in file:
                yield line.rstrip("\n")


def _end_of(path: Path) -> tuple[int, str]:
    last = None
    for line in _lines(path):
        last = line
    if last is None:
        return 0, GENESIS
    try:
        return int(json.loads(last)["number"]), _hash(last)
    except (ValueError, KeyError, TypeError):  # a line that a killed process left half written
        return 0, _hash(last)


def _hash(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()
