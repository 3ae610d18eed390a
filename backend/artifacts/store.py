"""Content-addressed bytes: immutable, verified while they come in and before they go out."""

import contextlib
import hashlib
import os
import re
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Literal

from fastapi.concurrency import run_in_threadpool

from backend.db.base import new_id
from backend.disks import disk_full_errors, require_room
from backend.errors import ArtifactDamaged, HashMismatch, InvalidInput, NotFound, UploadMoved

INCOMING = "incoming-"
#: Of an upload that broke off.
PART = f"{INCOMING}part-"
#: What no row names and what came in only half is left alone for this time, because somebody may still be writing it.
STRAY_SECONDS = 3600.0
Problem = Literal["lost", "damaged"]
_ADDRESS = re.compile(r"^[0-9a-f]{64}$")


def is_address(name: str) -> bool:
    return _ADDRESS.match(name) is not None


def _to_disk(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


@dataclass(frozen=True)
class StoredFile:
    sha256: str
    num_bytes: int


@dataclass(frozen=True)
class IncomingFile(StoredFile):
    """Received and verified, but not in its place yet. part: what it makes needless."""

    temporary: Path
    part: str | None = None


class ArtifactStore(ABC):
    """Where artifacts' bytes lie. `generation` changes when a removal is announced."""

    generation: str

    @abstractmethod
    async def receive(
        self, sha256: str | None, chunks: AsyncIterable[bytes], part: str | None = None, start: int = 0
    ) -> IncomingFile:
        """Takes the stream in. part: under which name what came of it stays if the connection breaks. start: how many
        bytes of that part this stream goes on from.

        Raises HashMismatch, keeping nothing, if it hashes to another address than the given, DiskFull, and UploadMoved
        where the part has another length."""

    @abstractmethod
    def received(self, part: str) -> int:
        """Bytes of an upload that broke off; 0 where nothing is kept of it."""

    @abstractmethod
    def parts(self) -> dict[str, int]:
        """Of all uploads that broke off, the bytes that are kept."""

    @abstractmethod
    def drop_part(self, part: str) -> None:
        """Forgets what is kept of an upload that broke off; harmless where there is nothing."""

    @abstractmethod
    def prepare(self, incoming: IncomingFile) -> None:
        """Does of `keep` what takes long, such as a transfer over the network. To be called while no lock is held."""

    @abstractmethod
    def keep(self, incoming: IncomingFile) -> None:
        """Puts it in its place, over whatever lies there."""

    @abstractmethod
    def discard(self, incoming: IncomingFile) -> None:
        """Forgets it; harmless once it is in its place."""

    @abstractmethod
    def adopt(self, sha256: str) -> None:
        """Takes a file that was put into its place in the folder by others, such as a backup that is put back."""

    @abstractmethod
    def is_empty(self) -> bool:
        """Whether it has nothing, of this hub or of another one."""

    @abstractmethod
    def holds(self, sha256: str, num_bytes: int) -> bool:
        """Whether the bytes are here, as far as it can be said without a transfer. num_bytes: how many they are."""

    @abstractmethod
    def problem(self, sha256: str, again: bool = False) -> Problem | None:
        """What is wrong with the stored bytes. They are hashed once, and again when the file changes or if `again`."""

    @abstractmethod
    def remove(self, sha256: str) -> None:
        """Forgets the bytes; harmless where there are none."""

    @abstractmethod
    def announce_removal(self) -> None:
        """Once the rows of what was removed are gone: workers then ask what of their caches is."""

    @abstractmethod
    def path(self, sha256: str) -> Path:
        """A readable local file, whole. Raises NotFound, and ArtifactDamaged."""

    @abstractmethod
    def reading(self, sha256: str) -> AbstractContextManager[Path]:
        """As `path`, for one who reads everything once: nothing more than before lies on the disk afterwards."""

    @abstractmethod
    def addresses(self) -> Iterator[str]:
        """Of every file that lies in its place."""

    @abstractmethod
    def is_stray(self, sha256: str) -> bool:
        """Whether the file has lain unchanged for longer than any upload takes to be named."""

    @abstractmethod
    def remove_leftovers(self) -> int:
        """Deletes uploads that were never finished; returns their number."""


class FolderStore(ArtifactStore):
    """A folder: `ab/abcdef...`. A file appears whole, by rename, or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.generation = new_id()
        #: Address to (inode, modification time in ns, size) of the file that was last found whole.
        self._verified: dict[str, tuple[int, int, int]] = {}

    async def receive(
        self, sha256: str | None, chunks: AsyncIterable[bytes], part: str | None = None, start: int = 0
    ) -> IncomingFile:
        with disk_full_errors(self.folder):
            require_room(self.folder)
            descriptor, name = tempfile.mkstemp(dir=self.folder, prefix=INCOMING)
            os.close(descriptor)
            file = Path(name)
            try:
                if start and part is not None:
                    self._take_part(part, start, file)
                incoming = replace(await _append(file, chunks), part=part)
                if sha256 is not None and incoming.sha256 != sha256:
                    raise HashMismatch(
                        f"the {incoming.num_bytes} bytes received hash to {incoming.sha256}, not to {sha256}: send "
                        "them again"
                    )
            except (HashMismatch, InvalidInput, UploadMoved, OSError):  # nobody goes on from these bytes
                file.unlink(missing_ok=True)
                raise
            except BaseException:  # the connection broke, or the process ends
                self._keep_part(part, file)
                raise
        return incoming

    def received(self, part: str) -> int:
        return _size(self._part(part))

    def _take_part(self, part: str, start: int, file: Path) -> None:
        """For this upload alone, so that one that still hangs writes no byte into it."""
        with contextlib.suppress(FileNotFoundError):
            os.replace(self._part(part), file)
        if (size := _size(file)) != start:
            self._keep_part(part, file)
            raise UploadMoved(f"{size} bytes of this upload are here, not {start}: go on from there")

    def _keep_part(self, part: str | None, file: Path) -> None:
        """Of two that broke off the longer one."""
        if part is None or _size(file) <= _size(self._part(part)):
            file.unlink(missing_ok=True)
        else:
            os.replace(file, self._part(part))

    def parts(self) -> dict[str, int]:
        found = self.folder.glob(f"{PART}*")
        return {path.name.removeprefix(PART): _size(path) for path in found}

    def drop_part(self, part: str) -> None:
        self._part(part).unlink(missing_ok=True)

    def _part(self, part: str) -> Path:
        return self.folder / f"{PART}{part}"

    def prepare(self, incoming: IncomingFile) -> None:
        """A rename takes no time."""

    def keep(self, incoming: IncomingFile) -> None:
        target = self._file(incoming.sha256)
        with disk_full_errors(self.folder):
            target.parent.mkdir(exist_ok=True)
            os.replace(incoming.temporary, target)
        self._note_whole(incoming.sha256, target)
        if incoming.part is not None:
            self.drop_part(incoming.part)

    def discard(self, incoming: IncomingFile) -> None:
        incoming.temporary.unlink(missing_ok=True)

    def adopt(self, sha256: str) -> None:
        """It is there already."""

    def is_empty(self) -> bool:
        return not any(self.folder.glob("??/*"))

    def holds(self, sha256: str, num_bytes: int) -> bool:
        return _size(self._file(sha256)) == num_bytes and self.problem(sha256) is None

    def problem(self, sha256: str, again: bool = False) -> Problem | None:
        file = self._file(sha256)
        try:
            status = file.stat()
            if not again and self._verified.get(sha256) == _signature(status):
                return None
            digest = hash_of(file)
        except FileNotFoundError:
            return "lost"
        except OSError:  # a bad sector, a folder in its place: the bytes cannot be had
            return "damaged"
        if digest != sha256:
            self._verified.pop(sha256, None)
            return "damaged"
        self._verified[sha256] = _signature(status)
        return None

    def remove(self, sha256: str) -> None:
        self._file(sha256).unlink(missing_ok=True)
        self._verified.pop(sha256, None)

    def announce_removal(self) -> None:
        self.generation = new_id()

    def path(self, sha256: str) -> Path:
        """Of a whole file. Raises NotFound where it is lost, and ArtifactDamaged where its bytes have another hash."""
        if (problem := self.problem(sha256)) is not None:
            raise refusal_of(sha256, problem)
        return self._file(sha256)

    @contextlib.contextmanager
    def reading(self, sha256: str) -> Iterator[Path]:
        yield self.path(sha256)

    def addresses(self) -> Iterator[str]:
        return (path.name for path in self.folder.glob("??/*") if is_address(path.name))

    def is_stray(self, sha256: str) -> bool:
        with contextlib.suppress(FileNotFoundError):
            return time.time() - self._file(sha256).stat().st_mtime > STRAY_SECONDS
        return False

    def remove_leftovers(self) -> int:
        num_removed = 0
        for path in self.folder.glob(f"{INCOMING}*"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > STRAY_SECONDS:
                    path.unlink()
                    num_removed += 1
        return num_removed

    def _note_whole(self, sha256: str, file: Path) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._verified[sha256] = _signature(file.stat())

    def _file(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256


def refusal_of(sha256: str, problem: Problem) -> NotFound | ArtifactDamaged:
    kind = NotFound if problem == "lost" else ArtifactDamaged
    return kind(f"the file of the artifact {sha256} is {problem}: restore it from a backup")


async def _append(file: Path, chunks: AsyncIterable[bytes]) -> IncomingFile:
    """The file with the stream behind what it holds."""
    digest = hashlib.sha256()
    num_bytes = await run_in_threadpool(_digest_into, digest, file)
    with open(file, "ab") as target:
        async for chunk in chunks:
            digest.update(chunk)
            num_bytes += target.write(chunk)
        await run_in_threadpool(_to_disk, target)
    return IncomingFile(digest.hexdigest(), num_bytes, file)


def _digest_into(digest: "hashlib._Hash", file: Path) -> int:
    """Returns the number of bytes."""
    with open(file, "rb") as content:
        while chunk := content.read(2**20):
            digest.update(chunk)
        return content.tell()


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def _signature(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_mtime_ns, status.st_size


def hash_of(file: Path) -> str:
    with open(file, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
