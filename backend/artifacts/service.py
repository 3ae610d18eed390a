"""Artifacts: the store's bytes and the database's knowledge of them."""

import re
from collections.abc import AsyncIterable, Callable
from datetime import timedelta
from typing import Any

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from backend.artifacts import quota
from backend.artifacts.parts import bytes_of_parts, part_name
from backend.artifacts.store import ArtifactStore, IncomingFile, StoredFile
from backend.clock import now
from backend.contracts.artifacts import ARTIFACT_MEDIA_TYPES, SHA256_PATTERN, UPLOAD
from backend.contracts.status import TaskStatus
from backend.db.base import Base
from backend.db.models import Artifact, ArtifactHold, Task
from backend.db.session import Database, read_only, unit_of_work
from backend.error_body import ErrorBody
from backend.errors import AttemptSuperseded, InvalidInput, NotFound

#: The bytes under a hash never change, but who may see them does: the browser asks each time, and is answered 304.
CACHE_HEADERS = {"Cache-Control": "private, no-cache"}
#: Time for which an upload that names no task waits for a row that names it.
HOLD = timedelta(days=1)
#: Of an upload: the task whose result will name the artifact.
TASK_HEADER = "X-FedSM-Task"
CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")
UNDER_WAY = (TaskStatus.QUEUED, TaskStatus.RUNNING)

#: For the OpenAPI document.
_BYTES = {
    "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in sorted(ARTIFACT_MEDIA_TYPES)}
}
FILE_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: _BYTES,
    206: {"description": "The range that was asked for", **_BYTES},
    304: {"description": "The browser has these bytes already"},
    410: {"model": ErrorBody, "description": "It was removed, or its file is damaged"},
    416: {"description": "There is no such range"},
}


def artifact_url(sha256: str | None) -> str | None:
    return None if sha256 is None else f"/api/v1/artifacts/{sha256}"


def check_sha256(sha256: str) -> None:
    """Raises InvalidInput for anything but 64 lower-case hexadecimal digits."""
    if not SHA256_PATTERN.fullmatch(sha256):
        raise InvalidInput.of_field("sha256", sha256[:80], "is not a SHA-256", "give 64 lower-case hexadecimal digits")


async def store_artifact(
    database: Database,
    store: ArtifactStore,
    sha256: str,
    media_type: str,
    chunks: AsyncIterable[bytes],
    task_id: str | None = None,
    start: int = 0,
) -> None:
    """Storing again changes nothing but mends a damaged file. task_id: whose result will name it; raises
    AttemptSuperseded where nobody waits for that result any more. start: of an upload of that task that broke off, the
    byte from which it goes on; raises UploadMoved where it stands at another."""
    check_sha256(sha256)
    if media_type not in ARTIFACT_MEDIA_TYPES:
        allowed = ", ".join(sorted(ARTIFACT_MEDIA_TYPES))
        raise InvalidInput.of_field("Content-Type", media_type, "is no media type of artifacts", f"one of {allowed}")
    part = None if task_id is None else part_of(sha256, task_id)
    most_bytes = await run_in_threadpool(_room_for, database, store, task_id, media_type, part)
    incoming = await store.receive(sha256, quota.limited(chunks, most_bytes - start, media_type), part, start)
    async with database.places:
        await run_in_threadpool(keep_received, database, store, incoming, media_type, task_id)


def _room_for(database: Database, store: ArtifactStore, task_id: str | None, media_type: str, part: str | None) -> int:
    """Bytes that this upload may have, next to what is kept of the task's other uploads."""
    kept_bytes = 0 if task_id is None or part is None else bytes_of_parts(store, task_id, but=part)
    return quota.room_for(database, task_id, media_type, kept_bytes)


def part_of(sha256: str, task_id: str) -> str:
    """What an upload that broke off is kept under: no other task goes on from its bytes."""
    return part_name(sha256, task_id)


def start_of(content_range: str | None) -> int:
    """From `Content-Range: bytes START-LAST/TOTAL`; 0 without one. Raises InvalidInput."""
    if content_range is None:
        return 0
    found = CONTENT_RANGE.fullmatch(content_range)
    if found is None or not int(found[1]) <= int(found[2]) == int(found[3]) - 1:
        remedy = "give bytes START-LAST/TOTAL, up to the file's last byte"
        raise InvalidInput.of_field("Content-Range", content_range[:80], "is no rest of a file", remedy)
    return int(found[1])


async def store_upload(
    database: Database, store: ArtifactStore, chunks: AsyncIterable[bytes], max_bytes: int
) -> StoredFile:
    """A file whose hash nobody knows yet. Raises InvalidInput, storing nothing, for more than `max_bytes`, or none."""
    incoming = await store.receive(None, _limited(chunks, max_bytes))
    async with database.places:
        await run_in_threadpool(keep_received, database, store, incoming, UPLOAD, None)
    return incoming


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


def keep_received(
    database: Database, store: ArtifactStore, incoming: IncomingFile, media_type: str, task_id: str | None
) -> None:
    """The row is locked before the file is put in its place, and committed after it: a sweep, which locks the row
    too, comes before or after both; and a row always has its file. A transfer to the store comes before, because nobody
    waits for its end."""
    try:
        with read_only(database) as session:
            require_wanted(session, task_id)
        store.prepare(incoming)
        with unit_of_work(database) as session:
            require_wanted(session, task_id)
            _lock_new_row(session, incoming, media_type)
            store.keep(incoming)
            if task_id is None:
                hold(session, incoming.sha256, None)
            else:
                _hold_for_task(session, incoming.sha256, task_id)
    finally:
        store.discard(incoming)


def _lock_new_row(session: Session, stored: StoredFile, media_type: str) -> None:
    insert = _insert(session)(Artifact).values(
        sha256=stored.sha256,
        media_type=media_type,
        num_bytes=stored.num_bytes,
        created_at=now(),
        used_at=now(),
    )
    session.execute(insert.on_conflict_do_update(index_elements=["sha256"], set_={"used_at": now(), "problem": None}))


def require_wanted(session: Session, task_id: str | None) -> None:
    """Raises AttemptSuperseded where the task was deleted or is over: its uploads would belong to nobody."""
    if task_id is None:
        return
    status = session.scalar(select(Task.status).where(Task.id == task_id))
    if status not in UNDER_WAY:
        state = "was deleted" if status is None else f"is {status}"
        raise AttemptSuperseded(f"task {task_id} {state}: its files are not wanted any more, drop the work")


def hold(session: Session, sha256: str, task_id: str | None) -> None:
    """Keeps an artifact that no row names yet: for its task, or for a day."""
    if task_id is None:
        values = {"used_at": now(), "held_until": now() + HOLD}
        session.execute(update(Artifact).where(Artifact.sha256 == sha256).values(**values))
        return
    session.execute(update(Artifact).where(Artifact.sha256 == sha256).values(used_at=now()))
    _hold_for_task(session, sha256, task_id)


def _hold_for_task(session: Session, sha256: str, task_id: str) -> None:
    held = _insert(session)(ArtifactHold).values(sha256=sha256, task_id=task_id)
    session.execute(held.on_conflict_do_nothing())


def _insert(session: Session) -> Callable[[type[Base]], sqlite.Insert | postgresql.Insert]:
    """The database's own, which knows what to do about a row that is there."""
    return postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert


def find_for_upload(session: Session, store: ArtifactStore, sha256: str, task_id: str | None) -> Artifact:
    """Before an upload: what is here and whole need not come again, and is held from now on. What the last look
    through the store found damaged comes again. Raises NotFound."""
    check_sha256(sha256)
    require_wanted(session, task_id)
    artifact = session.get(Artifact, sha256, with_for_update=True)
    if artifact is None or artifact.problem is not None or not store.holds(sha256, artifact.num_bytes):
        raise NotFound(f"there is no artifact {sha256}")
    hold(session, sha256, task_id)
    return artifact


def find_artifact(session: Session, sha256: str) -> Artifact:
    """Raises NotFound."""
    check_sha256(sha256)
    artifact = session.get(Artifact, sha256)
    if artifact is None:
        raise NotFound(f"there is no artifact {sha256}")
    return artifact


def file_response(request: Request, store: ArtifactStore, artifact: Artifact) -> Response:
    """The bytes, with ranges. Raises NotFound and ArtifactDamaged: a damaged file is never sent as whole."""
    etag = f'"{artifact.sha256}"'
    headers = CACHE_HEADERS | {"ETag": etag}
    path = store.path(artifact.sha256)
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return FileResponse(path, media_type=artifact.media_type, headers=headers)


def require_artifacts(session: Session, hashes: set[str]) -> None:
    """For code that names artifacts in a row, in the same transaction: they are there, and no sweep takes them now.

    Raises InvalidInput naming those that were never uploaded, or were removed since."""
    known: set[str] = set()
    wanted = sorted(hashes)
    for start in range(0, len(wanted), 500):
        chunk = wanted[start : start + 500]
        if len(chunk) > 1:  # in one order, so that two who name the same files never wait for each other
            locked = select(Artifact.sha256).where(Artifact.sha256.in_(chunk)).order_by(Artifact.sha256)
            session.execute(locked.with_for_update())
        named = update(Artifact).where(Artifact.sha256.in_(chunk)).values(used_at=now(), held_until=None)
        named = named.returning(Artifact.sha256).execution_options(synchronize_session=False)
        known.update(session.scalars(named))
    if absent := sorted(hashes - known):
        raise InvalidInput.of_field(
            "result", ", ".join(absent[:3]), f"{len(absent)} artifact(s) were not uploaded", "PUT them, then complete"
        )
