"""Content-addressed bytes: immutable, verified while they come in, harmless to store twice."""

import hashlib
import os
import tempfile
from abc import ABC, abstractmethod
from collections.abc import AsyncIterable
from pathlib import Path
from typing import IO

from fastapi.concurrency import run_in_threadpool

from backend.errors import HashMismatch, NotFound


def _to_disk(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


class ArtifactStore(ABC):
    """Where artifacts' bytes lie."""

    @abstractmethod
    async def write(self, sha256: str, chunks: AsyncIterable[bytes]) -> int:
        """Stores the stream and returns its length; raises HashMismatch, storing nothing, if it hashes differently."""

    @abstractmethod
    def has(self, sha256: str) -> bool: ...

    @abstractmethod
    def path(self, sha256: str) -> Path:
        """A readable local file; raises NotFound."""


class FolderStore(ArtifactStore):
    """A folder: `ab/abcdef...`. A file appears whole, by rename, or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._folder.mkdir(parents=True, exist_ok=True)

    async def write(self, sha256: str, chunks: AsyncIterable[bytes]) -> int:
        target = self._file(sha256)
        target.parent.mkdir(exist_ok=True)
        digest, num_bytes = hashlib.sha256(), 0
        descriptor, temporary = tempfile.mkstemp(dir=self._folder, prefix="incoming-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                async for chunk in chunks:
                    digest.update(chunk)
                    num_bytes += file.write(chunk)
                await run_in_threadpool(_to_disk, file)
            if digest.hexdigest() != sha256:
                raise HashMismatch(
                    f"the {num_bytes} bytes received hash to {digest.hexdigest()}, not to {sha256}: send them again"
                )
            os.replace(temporary, target)
        finally:
            Path(temporary).unlink(missing_ok=True)
        return num_bytes

    def has(self, sha256: str) -> bool:
        return self._file(sha256).is_file()

    def path(self, sha256: str) -> Path:
        file = self._file(sha256)
        if not file.is_file():
            raise NotFound(f"there is no artifact {sha256}")
        return file

    def _file(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256
