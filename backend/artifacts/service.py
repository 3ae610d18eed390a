"""Artifacts: the store's bytes and the database's knowledge of them."""

from collections.abc import AsyncIterable
from typing import Any

from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from backend.artifacts.store import ArtifactStore, StoredFile
from backend.clock import now
from backend.contracts.artifacts import ARTIFACT_MEDIA_TYPES, SHA256_PATTERN, UPLOAD
from backend.db.models import Artifact
from backend.db.session import Database, unit_of_work
from backend.errors import InvalidInput, NotFound

#: Content-addressed: what lies under a hash never changes.
CACHE_HEADERS = {"Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}

#: For the OpenAPI document.
FILE_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}


def artifact_url(sha256: str | None) -> str | None:
    return None if sha256 is None else f"/api/v1/artifacts/{sha256}"


def check_sha256(sha256: str) -> None:
    if not SHA256_PATTERN.fullmatch(sha256):
        raise InvalidInput.of_field("sha256", sha256[:80], "is not a SHA-256", "give 64 lower-case hexadecimal digits")


async def store_artifact(
    database: Database, store: ArtifactStore, sha256: str, media_type: str, chunks: AsyncIterable[bytes]
) -> None:
    """File first, then row: a row always has its file. Storing again changes nothing."""
    check_sha256(sha256)
    if media_type not in ARTIFACT_MEDIA_TYPES:
        allowed = ", ".join(sorted(ARTIFACT_MEDIA_TYPES))
        raise InvalidInput.of_field("Content-Type", media_type, "is no media type of artifacts", f"one of {allowed}")
    stored = await store.write(sha256, chunks)
    await run_in_threadpool(_add_row, database, stored, media_type)


async def store_upload(
    database: Database, store: ArtifactStore, chunks: AsyncIterable[bytes], max_bytes: int
) -> StoredFile:
    """A file whose hash nobody knows yet. Raises InvalidInput, storing nothing, for more than `max_bytes`, or none."""
    stored = await store.write(None, _limited(chunks, max_bytes))
    await run_in_threadpool(_add_row, database, stored, UPLOAD)
    return stored


async def _limited(chunks: AsyncIterable[bytes], max_bytes: int) -> AsyncIterable[bytes]:
    num_bytes = 0
    async for chunk in chunks:
        num_bytes += len(chunk)
        if num_bytes > max_bytes:
            limit = f"{max_bytes // 2**20} MiB"
            raise InvalidInput.of_field("file", f"more than {limit}", "is too large", f"send at most {limit}")
        yield chunk
    if num_bytes == 0:
        raise InvalidInput.of_field("file", "0 bytes", "is empty", "send the bytes of an image")


def _add_row(database: Database, stored: StoredFile, media_type: str) -> None:
    values = {
        "sha256": stored.sha256,
        "media_type": media_type,
        "num_bytes": stored.num_bytes,
        "created_at": now(),
    }
    with unit_of_work(database) as session:
        insert = postgresql.insert if database.dialect == "postgresql" else sqlite.insert
        session.execute(insert(Artifact).values(**values).on_conflict_do_nothing())


def find_artifact(session: Session, store: ArtifactStore, sha256: str) -> Artifact:
    """Raises NotFound when the row or its file is absent: the sender then uploads again."""
    check_sha256(sha256)
    artifact = session.get(Artifact, sha256)
    if artifact is None or not store.has(sha256):
        raise NotFound(f"there is no artifact {sha256}")
    return artifact


def file_response(store: ArtifactStore, artifact: Artifact) -> FileResponse:
    """The bytes, with ranges, to be cached for ever."""
    headers = CACHE_HEADERS | {"ETag": f'"{artifact.sha256}"'}
    return FileResponse(store.path(artifact.sha256), media_type=artifact.media_type, headers=headers)


def remove_artifacts(session: Session, store: ArtifactStore, hashes: set[str]) -> None:
    """Row first, then file: a row always has its file. The caller knows that nothing else shows them."""
    session.execute(delete(Artifact).where(Artifact.sha256.in_(hashes)))
    session.flush()
    for sha256 in hashes:
        store.remove(sha256)


def require_artifacts(session: Session, hashes: set[str]) -> None:
    """Raises InvalidInput naming those that were never uploaded."""
    known: set[str] = set()
    wanted = sorted(hashes)
    for start in range(0, len(wanted), 500):
        chunk = wanted[start : start + 500]
        known.update(session.scalars(select(Artifact.sha256).where(Artifact.sha256.in_(chunk))))
    if absent := sorted(hashes - known):
        raise InvalidInput.of_field(
            "result", ", ".join(absent[:3]), f"{len(absent)} artifact(s) were not uploaded", "PUT them, then complete"
        )
