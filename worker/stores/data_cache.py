"""Decoded, preprocessed cases, kept in memory from round to round.

They are not written to disk, because copies of images outside a site's data folder would outlive their data set. The
processes of one worker share them, so that a file is decoded once a machine.
"""

import hashlib
import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from numpy.typing import NDArray

from worker.stores.shared_arrays import Offer, Shared, SharedArrays

Item = TypeVar("Item")

#: (path, modification time in ns, size in bytes); a file that changed has another signature.
Signature = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class Loading(Generic[Item]):
    """How a content, a tuple of items, comes about.

    load: gives one item after the other. pack: an item as what JSON holds and arrays, which unpack makes into the same
    items.
    """

    load: Callable[[], Iterable[Item]]
    measure_bytes: Callable[[tuple[Item, ...]], int]
    pack: Callable[[Item], tuple[Any, Sequence[NDArray[Any]]]]
    unpack: Callable[[Shared], tuple[Item, ...]]


@dataclass(frozen=True)
class _Entry(Generic[Item]):
    content: tuple[Item, ...]
    signature: Signature
    num_bytes: int
    offer: Offer | None


class DataCache(Generic[Item]):
    """The least recently used contents are dropped when the bound is passed; the newest always stays.

    shared: with the other processes of the worker; None: each has its own.
    """

    def __init__(self, max_bytes: int, shared: SharedArrays | None = None) -> None:
        self._max_bytes = max_bytes
        self._shared = shared
        self._entries: OrderedDict[str, _Entry[Item]] = OrderedDict()

    def get(self, key: str, files: Sequence[Path], loading: Loading[Item]) -> tuple[Item, ...]:
        """The content under `key`, loaded where it is absent or where one of its `files` changed or is gone.

        So a deleted file is noticed in the next round by every process, warm or cold. The check costs 2 us for each
        file.
        """
        signature = _signature(files)
        entry = self._entries.get(key)
        if entry is None or entry.signature != signature:
            content, offer = self._made(key, signature, loading)
            self._drop(key)
            entry = _Entry(content, signature, loading.measure_bytes(content), offer)
            self._entries[key] = entry
        self._entries.move_to_end(key)
        self._drop_oldest()
        return entry.content

    def _made(self, key: str, signature: Signature, loading: Loading[Item]) -> tuple[tuple[Item, ...], Offer | None]:
        """From another process, or loaded and offered to the others."""
        if self._shared is not None:
            name = hashlib.sha256(repr((key, signature)).encode()).hexdigest()
            if (found := self._shared.find(name)) is not None:
                return loading.unpack(found), None
            if (offer := self._shared.offer(name, map(loading.pack, loading.load()))) is not None:
                return loading.unpack(offer.shared), offer
        return tuple(loading.load()), None

    def _drop_oldest(self) -> None:
        while len(self._entries) > 1 and sum(entry.num_bytes for entry in self._entries.values()) > self._max_bytes:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None and entry.offer is not None:
            entry.offer.end()


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
