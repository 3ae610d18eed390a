"""How long events are kept: what workers said of their work for a year, what people and the platform did for ten."""

from datetime import timedelta
from typing import get_args

from sqlalchemy import ColumnElement, CursorResult, delete, func, select
from sqlalchemy.orm import Session

from backend.clock import now
from backend.db.audit_chain import WORK_KINDS
from backend.db.models import AuditRecord, AuditStart, Event
from backend.db.session import Database, unit_of_work
from backend.events.schemas import Kind
from backend.settings import Settings

#: Who did what: signed in, made, changed, started, deleted.
AUDIT: tuple[Kind, ...] = tuple(kind for kind in get_args(Kind) if kind not in WORK_KINDS)
#: Deleted in one transaction, so that nobody waits for it.
BATCH = 5000


def forget_old_events(database: Database, settings: Settings) -> int:
    """Returns how many went. Warnings and errors of work are kept as long as what people did."""
    old = (
        Event.kind.in_(WORK_KINDS) & (Event.level == "info") & (Event.at < now() - timedelta(days=settings.event_days))
    )
    very_old = Event.at < now() - timedelta(days=settings.audit_days)
    in_chain = select(AuditRecord.event_id)
    outside = very_old & Event.id.not_in(in_chain)
    num_gone = 0
    while True:
        with unit_of_work(database) as session:
            oldest = in_chain.where(AuditRecord.number < _first_to_stay(session, very_old))
            doomed = old | outside | Event.id.in_(oldest)
            batch = list(session.scalars(select(Event.id).where(doomed).order_by(Event.id).limit(BATCH)))
            _forget_records(session, batch)
            result = session.execute(
                delete(Event).where(Event.id.in_(batch)).execution_options(synchronize_session=False)
            )
        assert isinstance(result, CursorResult)
        num_gone += result.rowcount
        if result.rowcount < BATCH:
            return num_gone


def _first_to_stay(session: Session, very_old: ColumnElement[bool]) -> int:
    """Records go from the beginning only, and the last one never: times of records may be out of order by moments."""
    young = select(func.min(AuditRecord.number)).join(Event, Event.id == AuditRecord.event_id).where(~very_old)
    first = session.scalar(young)
    return first if first is not None else session.scalar(select(func.max(AuditRecord.number))) or 0


def _forget_records(session: Session, event_ids: list[int]) -> None:
    """With the note of which was the last: what stays goes on from there."""
    of_events = AuditRecord.event_id.in_(event_ids)
    last = session.scalar(select(AuditRecord).where(of_events).order_by(AuditRecord.number.desc()).limit(1))
    if last is None:
        return
    start = session.get(AuditStart, 1) or AuditStart(id=1)
    start.number, start.hash, start.at = last.number, last.hash, now()
    session.add(start)
    session.flush()
    session.execute(delete(AuditRecord).where(of_events).execution_options(synchronize_session=False))
