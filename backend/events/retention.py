"""How long events are kept: what workers said of their work for a year, what people and the platform did for ten."""

from datetime import timedelta
from typing import get_args

from sqlalchemy import CursorResult, delete, select

from backend.clock import now
from backend.db.models import Event
from backend.db.session import Database, unit_of_work
from backend.events.service import Kind
from backend.settings import Settings

#: What a run's work leaves: lines of logs, tasks and measurements.
WORK: tuple[Kind, ...] = ("log", "task", "metrics")
#: Who did what: signed in, made, changed, started, deleted.
AUDIT: tuple[Kind, ...] = tuple(kind for kind in get_args(Kind) if kind not in WORK)
#: Deleted in one transaction, so that nobody waits for it.
BATCH = 5000


def forget_old_events(database: Database, settings: Settings) -> int:
    """Returns how many went. Warnings and errors of work are kept as long as what people did."""
    old = Event.kind.in_(WORK) & (Event.level == "info") & (Event.at < now() - timedelta(days=settings.event_days))
    very_old = Event.at < now() - timedelta(days=settings.audit_days)
    num_gone = 0
    while True:
        batch = select(Event.id).where(old | very_old).order_by(Event.id).limit(BATCH)
        with unit_of_work(database) as session:
            result = session.execute(
                delete(Event).where(Event.id.in_(batch)).execution_options(synchronize_session=False)
            )
        assert isinstance(result, CursorResult)
        num_gone += result.rowcount
        if result.rowcount < BATCH:
            return num_gone
