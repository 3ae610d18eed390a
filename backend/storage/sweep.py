"""Removes the artifacts that nobody owns: after each deletion, nightly, and when somebody asks; of a round, what it let
go.

It may be killed at any point and run next to uploads, results and other sweeps. A candidate is removed only under the
lock of its row, which uploads and rows that name it take too, and only if nobody did so since it was found. The file
goes before the row is committed: killed in between, the row has no file, nothing names it, and the next sweep ends it.
"""

import logging
import threading
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from backend.artifacts.owners import OWNERS, Owner, owned_hashes
from backend.artifacts.parts import drop_parts_of_others
from backend.artifacts.service import UNDER_WAY
from backend.artifacts.store import ArtifactStore
from backend.clock import now
from backend.contracts.artifacts import SAFETENSORS
from backend.db.models import Artifact, ArtifactHold, Task
from backend.db.session import read_only, unit_of_work
from backend.platform import Platform

logger = logging.getLogger(__name__)

_one_at_a_time = threading.Lock()
#: Those that may name a safetensors file: people may upload one to be predicted.
_OF_STATES = tuple(owner for owner in OWNERS if owner.kind in ("states", "updates", "uploads"))


@dataclass(frozen=True)
class Swept:
    """num_files: with those that had no row. num_leftovers: uploads that were never finished."""

    num_files: int
    num_bytes: int
    num_leftovers: int


@dataclass(frozen=True)
class _Candidate:
    sha256: str
    num_bytes: int
    used_at: datetime


def sweep(platform: Platform) -> Swept:
    """Everything that nobody owns and nobody holds."""
    with _one_at_a_time:
        removed = _remove_all(platform, _candidates(platform))
        num_strays = _remove_strays(platform)
        num_leftovers = _remove_parts(platform) + platform.artifacts.remove_leftovers()
    return _told(platform, Swept(len(removed) + num_strays, _bytes_of(removed), num_leftovers))


def sweep_states(platform: Platform) -> Swept:
    """States and updates that nobody owns, which is what rounds let go.

    It reads neither cases nor reports nor the store's folder, so that its time does not grow with them.
    """
    with _one_at_a_time:
        removed = _remove_all(platform, _candidates(platform, SAFETENSORS, _OF_STATES))
    return _told(platform, Swept(len(removed), _bytes_of(removed), 0))


def _told(platform: Platform, found: Swept) -> Swept:
    if found.num_files:
        platform.artifacts.announce_removal()
    if found.num_files or found.num_leftovers:
        logger.info("swept %d file(s), %d bytes", found.num_files + found.num_leftovers, found.num_bytes)
    return found


def _remove_all(platform: Platform, candidates: list[_Candidate]) -> list[_Candidate]:
    return [candidate for candidate in candidates if _remove_unowned(platform, candidate)]


def _bytes_of(removed: list[_Candidate]) -> int:
    return sum(candidate.num_bytes for candidate in removed)


def sweep_quietly(platform: Platform) -> None:
    """After an answer was sent: what fails is tried again by the next sweep."""
    try:
        sweep(platform)
    except Exception:
        logger.exception("the sweep failed; the next one tries again")


def _candidates(
    platform: Platform, media_type: str | None = None, owners: tuple[Owner, ...] = OWNERS
) -> list[_Candidate]:
    """Of one kind of file, or of all. owners: all that may name such a file.

    The artifacts are read before their owners: who names one in between is found as its owner, and who names it later
    changes `used_at`.
    """
    files = select(Artifact.sha256, Artifact.num_bytes, Artifact.used_at)
    with read_only(platform.database) as session:
        rows = session.execute(files if media_type is None else files.where(Artifact.media_type == media_type)).all()
    with read_only(platform.database) as session:
        owned = owned_hashes(session, owners)
    return sorted((_Candidate(*row) for row in rows if row.sha256 not in owned), key=lambda row: row.sha256)


def _remove_unowned(platform: Platform, candidate: _Candidate) -> bool:
    """One file in a transaction: uploads wait for no longer than its removal takes, which may go over the network."""
    with unit_of_work(platform.database) as session:
        row = session.get(Artifact, candidate.sha256, with_for_update=True)
        if (
            row is None
            or row.used_at != candidate.used_at
            or (row.held_until is not None and row.held_until >= now())
            or _is_held(session, candidate.sha256)
        ):
            return False
        _remove(session, platform.artifacts, candidate.sha256)
    return True


def _is_held(session: Session, sha256: str) -> bool:
    """By a task whose result is still waited for."""
    under_way = exists().where(Task.id == ArtifactHold.task_id, Task.status.in_(UNDER_WAY))
    held = select(ArtifactHold.sha256).where(ArtifactHold.sha256 == sha256, under_way)
    return session.scalars(held).first() is not None


def _remove(session: Session, store: ArtifactStore, sha256: str) -> None:
    store.remove(sha256)
    session.execute(delete(Artifact).where(Artifact.sha256 == sha256))


def _remove_parts(platform: Platform) -> int:
    """What is kept of uploads that broke off, of tasks that are over. The parts are read before the tasks: who begins
    an upload in between has a task already."""
    parts = list(platform.artifacts.parts())
    if not parts:
        return 0
    with read_only(platform.database) as session:
        task_ids = set(session.scalars(select(Task.id).where(Task.status.in_(UNDER_WAY))))
    return drop_parts_of_others(platform.artifacts, parts, task_ids)


def _remove_strays(platform: Platform) -> int:
    """Old files without a row: a backend was killed, or a backup restored, between file and row."""
    with read_only(platform.database) as session:
        known = set(session.scalars(select(Artifact.sha256)))
    strays = [sha256 for sha256 in platform.artifacts.addresses() if sha256 not in known]
    return sum(_remove_stray(platform, sha256) for sha256 in strays if platform.artifacts.is_stray(sha256))


def _remove_stray(platform: Platform, sha256: str) -> bool:
    """Under the lock of a row that is made for it and goes again: an upload of the same bytes waits for its end."""
    with unit_of_work(platform.database) as session:
        if session.get(Artifact, sha256) is not None:
            return False
        session.add(Artifact(sha256=sha256, media_type="", num_bytes=0, created_at=now(), used_at=now()))
        session.flush()
        if removed := platform.artifacts.is_stray(sha256):
            platform.artifacts.remove(sha256)
        session.execute(delete(Artifact).where(Artifact.sha256 == sha256))
    return removed
