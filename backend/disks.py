"""How full a disk is, and the error of one that has no room left."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.disk_record import LOW_DISK_SHARE, DiskRecord
from backend.errors import DiskFull
from backend.settings import Settings

#: Uploads stop before the last bytes are gone, so that the database next to them can still write what happens.
RESERVED_SHARE = 0.01
MAX_RESERVED_BYTES = 512 * 2**20
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True)
class Disk:
    """Bytes of the file system that holds a folder, as far as this process may use them."""

    folder: Path
    num_free: int
    num_total: int

    @property
    def is_low(self) -> bool:
        return self.num_free < LOW_DISK_SHARE * self.num_total

    @property
    def is_full(self) -> bool:
        """No upload is taken any more."""
        return self.num_free <= min(MAX_RESERVED_BYTES, RESERVED_SHARE * self.num_total)

    def in_words(self) -> str:
        return f"{_mebibytes(self.num_free)} of {_mebibytes(self.num_total)} free in {self.folder}"


def disk_of(folder: Path) -> Disk:
    usage = shutil.disk_usage(folder)
    return Disk(folder, usage.free, usage.total)


def disks_of(folders: list[Path]) -> list[Disk]:
    """One for each file system, in the folders' order."""
    found: dict[int, Disk] = {}
    for folder in folders:
        found.setdefault(os.stat(folder).st_dev, disk_of(folder))
    return list(found.values())


def platform_disks(settings: Settings) -> list[Disk]:
    return disks_of([folder for folder in (settings.artifacts_folder, settings.home) if folder.exists()])


def disk_record(disk: Disk) -> DiskRecord:
    warning = None
    if disk.is_full:
        warning = f"{full_in_words(disk)[0].upper()}{full_in_words(disk)[1:]}."
    elif disk.is_low:
        warning = (
            f"The disk of the backend is nearly full ({disk.in_words()}): make room there before runs have to wait."
        )
    return DiskRecord(
        folder=str(disk.folder.resolve()),
        num_free=disk.num_free,
        num_total=disk.num_total,
        is_low=disk.is_low,
        is_full=disk.is_full,
        warning=warning,
    )


def require_room(folder: Path) -> None:
    """Raises DiskFull."""
    if (disk := disk_of(folder)).is_full:
        raise DiskFull(full_in_words(disk))


def full_in_words(disk: Disk) -> str:
    return f"the disk of the backend is full ({disk.in_words()}): make room there; what waits for it then goes on"


@contextmanager
def disk_full_errors(folder: Path) -> Iterator[None]:
    """What the system says of a full disk becomes DiskFull. Raises it with the disk in words."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise DiskFull(full_in_words(disk_of(folder))) from error
        raise


def _mebibytes(number: int) -> str:
    return f"{number / 2**30:.1f} GiB" if number >= 2**30 else f"{number / 2**20:.1f} MiB"
