"""The chain of records: each event that is kept as long as what people did has a number and a hash of all before it.

Lines that workers write as they work, and that go after a year, stay outside. One transaction at a time appends.
"""

import hashlib
from datetime import UTC
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.contracts.audit import GENESIS, AuditHead
from backend.contracts.canonical import canonical
from backend.db.models import AuditRecord, AuditStart, Event

#: What a run's work leaves: lines of logs, tasks and measurements.
WORK_KINDS = ("log", "task", "metrics", "round")
_ABOUT = ("federation_id", "experiment_id", "run_id", "dataset_id", "site_slug", "round", "task_id")


def append(session: Session, event: Event) -> None:
    """The event has its id already. Called under the lock of events."""
    if event.kind in WORK_KINDS and event.level == "info":
        return
    before = head(session)
    number = before.number + 1
    digest = hash_of(content_of(event, number, before.hash))
    session.add(AuditRecord(number=number, event_id=event.id, previous=before.hash, hash=digest))


def head(session: Session) -> AuditHead:
    """The last record; number 0 where there is none."""
    row = session.scalar(select(AuditRecord).order_by(AuditRecord.number.desc()).limit(1))
    if row is not None:
        return AuditHead(number=row.number, hash=row.hash)
    start = session.get(AuditStart, 1)
    return AuditHead(number=start.number, hash=start.hash) if start else AuditHead(number=0, hash=GENESIS)


def content_of(event: Event, number: int, previous: str) -> dict[str, Any]:
    """What the hash is of, and what an export holds."""
    return {
        "number": number,
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "kind": event.kind,
        "actor": event.actor,
        "level": event.level,
        "message": event.message,
        **{name: getattr(event, name) for name in _ABOUT},
        "previous": previous,
    }


def hash_of(content: dict[str, Any]) -> str:
    return hashlib.sha256(canonical(content)).hexdigest()
