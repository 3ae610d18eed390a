"""Decoded, preprocessed cases, kept in a process's memory from round to round.

They are not written to disk, because copies of images outside a site's data folder would outlive their data set.
Decoding them again in each process costs one pass over the files.
"""

import os
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

Content = TypeVar("Content")

#: (path, modification time in ns, size in bytes); a file that changed has another signature.
Signature = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class _Entry(Generic[Content]):
    content: Content
    signature: Signature
    num_bytes: int


class DataCache(Generic[Content]):
    """The least recently used contents are dropped when the bound is passed; the newest always stays."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._entries: OrderedDict[Hashable, _Entry[Content]] = OrderedDict()

    def get(
        self,
        key: Hashable,
        files: Sequence[Path],
        load: Callable[[], Content],
        measure_bytes: Callable[[Content], int],
    ) -> Content:
        """The content under `key`, loaded where it is absent or where one of its `files` changed or is gone.

        So a deleted file is noticed in the next round by every process, warm or cold. The check costs 2 us for each
        file.
        """
        signature = _signature(files)
        entry = self._entries.get(key)
        if entry is None or entry.signature != signature:
            content = load()
            entry = _Entry(content, signature, measure_bytes(content))
            self._entries[key] = entry
        self._entries.move_to_end(key)
        self._drop_oldest()
        return entry.content

    def _drop_oldest(self) -> None:
        while len(self._entries) > 1 and sum(entry.num_bytes for entry in self._entries.values()) > self._max_bytes:
            self._entries.popitem(last=False)


def _signature(files: Sequence[Path]) -> Signature:
    """What identifies a file's content. A file that is gone has size -1, which no loaded content has; loading then says
    what is wrong."""
    return tuple(_file_signature(path) for path in files)


def _file_signature(path: Path) -> tuple[str, int, int]:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return (str(path), 0, -1)
    return (str(path), status.st_mtime_ns, status.st_size)
