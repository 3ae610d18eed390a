"""Content-addressed bytes: immutable, verified while they come in, harmless to store twice."""

import hashlib
import os
import tempfile
from abc import ABC, abstractmethod
from collections.abc import AsyncIterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from fastapi.concurrency import run_in_threadpool

from backend.errors import HashMismatch, NotFound


def _to_disk(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


@dataclass(frozen=True)
class StoredFile:
    sha256: str
    num_bytes: int


class ArtifactStore(ABC):
    """Where artifacts' bytes lie."""

    @abstractmethod
    async def write(self, sha256: str | None, chunks: AsyncIterable[bytes]) -> StoredFile:
        """Stores the stream. Raises HashMismatch, storing nothing, if it hashes to another address than the given."""

    @abstractmethod
    def has(self, sha256: str) -> bool: ...

    @abstractmethod
    def remove(self, sha256: str) -> None:
        """Forgets the bytes; harmless where there are none."""

    @abstractmethod
    def path(self, sha256: str) -> Path:
        """A readable local file; raises NotFound."""


class FolderStore(ArtifactStore):
    """A folder: `ab/abcdef...`. A file appears whole, by rename, or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._folder.mkdir(parents=True, exist_ok=True)

    async def write(self, sha256: str | None, chunks: AsyncIterable[bytes]) -> StoredFile:
        digest, num_bytes = hashlib.sha256(), 0
        descriptor, temporary = tempfile.mkstemp(dir=self._folder, prefix="incoming-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                async for chunk in chunks:
                    digest.update(chunk)
                    num_bytes += file.write(chunk)
                await run_in_threadpool(_to_disk, file)
            found = digest.hexdigest()
            if sha256 is not None and found != sha256:
                raise HashMismatch(f"the {num_bytes} bytes received hash to {found}, not to {sha256}: send them again")
            self._file(found).parent.mkdir(exist_ok=True)
            os.replace(temporary, self._file(found))
        finally:
            Path(temporary).unlink(missing_ok=True)
        return StoredFile(found, num_bytes)

    def has(self, sha256: str) -> bool:
        return self._file(sha256).is_file()

    def remove(self, sha256: str) -> None:
        self._file(sha256).unlink(missing_ok=True)

    def path(self, sha256: str) -> Path:
        file = self._file(sha256)
        if not file.is_file():
            raise NotFound(f"there is no artifact {sha256}")
        return file

    def _file(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256
