"""Arrays in memory that the processes of one worker read together.

One process offers them under a name, the others map the same pages. Nothing of them is on a disk: the folder holds
links to the offering process's memory, which only processes of the same user may open, and which is gone when the last
process that holds it lets it go. Where the system has no such memory, every process has its own.
"""

import contextlib
import json
import logging
import mmap
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

logger = logging.getLogger(__name__)

#: Arrays begin at multiples of these bytes, as those that torch and NumPy allocate themselves: no kernel then takes
#: another way, and no sum another order.
ALIGNMENT = 64
_LENGTH_BYTES = 8

#: What JSON holds, and arrays that it is about.
Item = tuple[Any, Sequence[NDArray[Any]]]


class _NoMemory(Exception):
    """There is none left to share."""


@dataclass(frozen=True)
class Shared:
    """about: what was said of each item, as JSON gives it back. arrays: those of all items in their order; they may be
    written to, but what is written stays in this process."""

    about: tuple[Any, ...]
    arrays: tuple[NDArray[Any], ...]


@dataclass(frozen=True)
class Offer:
    """Arrays that others may map until `end`."""

    link: Path
    descriptor: int
    shared: Shared

    def end(self) -> None:
        """Nobody finds them any more; who has mapped them keeps them."""
        with contextlib.suppress(OSError):
            if os.readlink(self.link) == _address(self.descriptor):
                self.link.unlink()
        os.close(self.descriptor)


class SharedArrays:
    """folder: of the links; it is made where it is missing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def offer(self, name: str, items: Iterable[Item]) -> Offer | None:
        """The items in memory that others find by the name; None where the system has none to share or no more.

        One after the other is taken and written, so that no more than one is in memory twice. What taking them raises
        passes through.
        """
        if not hasattr(os, "memfd_create"):  # macOS
            return None
        descriptor = os.memfd_create("fedsm", os.MFD_CLOEXEC)
        try:
            _write_all(descriptor, name, items)
            shared = _mapped(descriptor, name)
        except _NoMemory:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        return Offer(self._link(name, descriptor), descriptor, shared)

    def find(self, name: str) -> Shared | None:
        """What another process offers under the name; None where none does."""
        try:
            # A link that outlived its process may lead to anything that another one has open, such as a pipe.
            descriptor = os.open(self._folder / name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            return _mapped(descriptor, name)
        except (OSError, ValueError, LookupError, TypeError):  # another file than the name says
            return None
        finally:
            os.close(descriptor)

    def _link(self, name: str, descriptor: int) -> Path:
        link, new = self._folder / name, self._folder / f".{name}-{os.getpid()}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for path in self._folder.iterdir():
                if not path.exists():  # its process has ended
                    path.unlink(missing_ok=True)
            new.symlink_to(_address(descriptor))
            new.replace(link)
        except OSError as error:  # the others decode for themselves
            logger.warning("decoded cases are not shared: %s", error)
        return link


def _address(descriptor: int) -> str:
    return f"/proc/{os.getpid()}/fd/{descriptor}"


def _write_all(descriptor: int, name: str, items: Iterable[Item]) -> None:
    """Arrays first, each at a multiple of ALIGNMENT, then what is said of them, then the length of that."""
    about, described = [], []
    for said, arrays in items:
        about.append(said)
        for array in arrays:
            _write(descriptor, np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
            _write(descriptor, memoryview(bytes(_padding(array))))
            described.append((array.dtype.str, array.shape))
    text = json.dumps({"name": name, "about": about, "arrays": described}).encode()
    _write(descriptor, memoryview(text + len(text).to_bytes(_LENGTH_BYTES, "little")))


def _write(descriptor: int, content: memoryview) -> None:
    try:
        while content:
            content = content[os.write(descriptor, content) :]
    except OSError as error:
        raise _NoMemory from error


def _padding(array: NDArray[Any]) -> int:
    return -array.nbytes % ALIGNMENT


def _mapped(descriptor: int, name: str) -> Shared:
    """What was offered under the name. Raises ValueError, LookupError or TypeError where the file is not that."""
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"{name} is no memory")
    memory = mmap.mmap(descriptor, status.st_size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
    end = status.st_size - _LENGTH_BYTES
    said = json.loads(memory[end - int.from_bytes(memory[end:], "little") : end])
    if said["name"] != name:
        raise ValueError(f"{name} is something else")
    found, place = [], 0
    for kind, shape in said["arrays"]:
        array = np.ndarray(tuple(shape), np.dtype(kind), buffer=memory, offset=place)
        found.append(array)
        place += array.nbytes + _padding(array)
    return Shared(tuple(said["about"]), tuple(found))
