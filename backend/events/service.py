"""The append-only record of what happened, and its wake-up bell."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from backend.clock import now
from backend.db.models import Event, Experiment, Run
from backend.db.session import buffer_event
from backend.runs.schemas import EventRecord

BACKEND = "backend"
Kind = Literal["status", "task", "metrics", "log", "dataset", "site", "experiment", "federation", "user"]
Level = Literal["info", "warning", "error"]


def record(session: Session, kind: Kind, message: str, actor: str, level: Level = "info", **about: Any) -> None:
    """Adds an event to the unit of work. `about` are the columns that say what it concerns."""
    buffer_event(session, Event(at=now(), kind=kind, actor=actor, level=level, message=message, **about))


def record_of_run(
    session: Session, run: Run, kind: Kind, message: str, actor: str, level: Level = "info", **about: Any
) -> None:
    """An event of a run, findable from its experiment and federation too."""
    experiment = session.get_one(Experiment, run.experiment_id)
    about = {"run_id": run.id, "experiment_id": experiment.id, "federation_id": experiment.federation_id, **about}
    record(session, kind, message, actor, level, **about)


def list_events(session: Session, after: int | None, limit: int, **filters: str | None) -> list[EventRecord]:
    """In order of time: those after an id, or the latest."""
    query: Select[tuple[Event]] = select(Event)
    for column, value in filters.items():
        if value is not None:
            query = query.where(getattr(Event, column) == value)
    if after is None:
        rows = list(reversed(session.scalars(query.order_by(Event.id.desc()).limit(limit)).all()))
    else:
        rows = list(session.scalars(query.where(Event.id > after).order_by(Event.id).limit(limit)))
    return [EventRecord.model_validate(row) for row in rows]


def last_event_id(session: Session) -> int:
    return session.scalar(select(func.max(Event.id))) or 0


class Bell:
    """Wakes the streams of this process after a commit. Other processes' events are found by a slow poll."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listeners: set[asyncio.Event] = set()

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def ring(self) -> None:
        """May be called from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        for listener in self._listeners:
            listener.set()

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[asyncio.Event]:
        listener = asyncio.Event()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
