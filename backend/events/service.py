"""The append-only record of what happened, and its wake-up bell."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, ScalarResult, Select, func, select, union_all
from sqlalchemy.orm import Session

from backend.clock import now
from backend.contracts.values import one_line
from backend.csv_text import csv_pieces
from backend.db.models import Event, Experiment, Run
from backend.db.session import Database, buffer_event, read_only
from backend.events.schemas import EventRecord
from backend.events.schemas import Kind as Kind
from backend.events.schemas import Level as Level
from backend.events.targets import with_targets

BACKEND = "backend"
#: Events that an export reads at a time.
PAGE = 500
#: The fields of EventFilters and columns of events that are equal or left out.
_BY_VALUE = ("federation_id", "experiment_id", "run_id", "site_slug", "actor", "round", "task_id")
#: From the lightest.
LEVELS: tuple[Level, ...] = ("info", "warning", "error")


def record(
    session: Session,
    kind: Kind,
    message: str,
    actor: str,
    level: Level = "info",
    quota_of: str | None = None,
    **about: Any,
) -> None:
    """Adds an event to the unit of work. `about` are the columns that say what it concerns.

    quota_of: the worker that caused it, where it can cause as many as it likes: beyond its quota it is dropped."""
    row = Event(at=now(), kind=kind, actor=actor, level=level, message=message, **about)
    buffer_event(session, row, quota_of)


def record_of_run(
    session: Session, run: Run, kind: Kind, message: str, actor: str, level: Level = "info", **about: Any
) -> None:
    """An event of a run, findable from its experiment and federation too."""
    experiment = session.get_one(Experiment, run.experiment_id)
    about = {"run_id": run.id, "experiment_id": experiment.id, "federation_id": experiment.federation_id, **about}
    record(session, kind, message, actor, level, **about)


@dataclass(frozen=True)
class EventFilters:
    """What is left out where it is not None. level: that one and graver ones. federations: those that may be seen."""

    federations: frozenset[str] | None = None
    federation_id: str | None = None
    experiment_id: str | None = None
    run_id: str | None = None
    site_slug: str | None = None
    actor: str | None = None
    kinds: tuple[Kind, ...] | None = None
    level: Level | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None
    round: int | None = None
    task_id: str | None = None

    def apply(self, query: Select[tuple[Event]]) -> Select[tuple[Event]]:
        for column in _BY_VALUE:
            if (value := getattr(self, column)) is not None:
                query = query.where(getattr(Event, column) == value)
        if self.federations is not None:
            query = query.where(Event.federation_id.in_(self.federations))
        if self.kinds is not None:
            query = query.where(Event.kind.in_(self.kinds))
        if self.level not in (None, LEVELS[0]):
            query = query.where(Event.level.in_(LEVELS[LEVELS.index(self.level) :]))
        if self.since is not None:
            query = query.where(Event.at >= self.since)
        if self.until is not None:
            query = query.where(Event.at <= self.until)
        if self.text:
            query = query.where(Event.message.icontains(self.text, autoescape=True))
        return query

    def admits(self, event: EventRecord) -> bool:
        """Whether `apply` leaves the event. Raises ValueError for filters that only the database knows."""
        if (self.kinds, self.level, self.since, self.until, self.text) != (None,) * 5:
            raise ValueError("of an event at hand only its values are compared: ask the database for the rest")
        if self.federations is not None and event.federation_id not in self.federations:
            return False
        return all(getattr(self, name) in (None, getattr(event, name)) for name in _BY_VALUE)


EVERYTHING = EventFilters()
#: Of the CSV: what was recorded, and nothing that may be other tomorrow.
_COLUMNS = tuple(column.key for column in Event.__table__.columns)


def list_events(
    session: Session,
    after: int | None,
    limit: int,
    before: int | None = None,
    filters: EventFilters = EVERYTHING,
) -> list[EventRecord]:
    """In order of time: those after an id, or the latest, or the latest before an id."""
    query = filters.apply(select(Event))
    if before is not None:
        query = query.where(Event.id < before)
    if after is not None:
        query = query.where(Event.id > after)
    order = Event.id.asc() if after is not None else Event.id.desc()
    if filters.kinds is not None:
        every: Select[tuple[Event]] = select(Event)
        query = every.where(Event.id.in_(_of_kinds(query, filters.kinds, order, limit)))
    rows = session.scalars(query.order_by(order).limit(limit)).all()
    in_time = rows if after is not None else rows[::-1]
    return with_targets(session, [EventRecord.model_validate(row) for row in in_time])


def _of_kinds(
    query: Select[tuple[Event]], kinds: Sequence[Kind], order: ColumnElement[int], limit: int
) -> CompoundSelect[tuple[int]]:
    """Ids of the first of each kind, which the index gives kind by kind: of several kinds together a database would
    read all events until it had as many, and of rare kinds that is the whole history."""
    firsts = [
        query.with_only_columns(Event.id).where(Event.kind == kind).order_by(order).limit(limit).subquery()
        for kind in dict.fromkeys(kinds)
    ]
    return union_all(*(select(first.c.id) for first in firsts))


def events_csv(database: Database, filters: EventFilters) -> Iterator[str]:
    """Every event that the filters leave, in order of time, in pieces."""
    pages = (
        [EventRecord.model_validate(row).model_dump(mode="json", include=set(_COLUMNS)) for row in page]
        for page in _pages(database, filters)
    )
    return csv_pieces(list(_COLUMNS), pages)


def events_text(database: Database, filters: EventFilters) -> Iterator[str]:
    """The same as lines of a log: time, level, site, round, who, and what was said."""
    return ("".join(f"{_log_line(row)}\n" for row in page) for page in _pages(database, filters))


def _pages(database: Database, filters: EventFilters) -> Iterator[Sequence[Event]]:
    """A session for each page: a slow reader holds neither a connection nor an old state of the database."""
    after = 0
    while True:
        query = filters.apply(select(Event)).where(Event.id > after).order_by(Event.id).limit(PAGE)
        with read_only(database) as session:
            rows: ScalarResult[Event] = session.scalars(query)
            page = rows.all()
        if not page:
            return
        yield page
        after = page[-1].id


def _log_line(event: Event) -> str:
    """One line an event, whatever it says: line breaks and other controls are escaped, so that no name or message can
    forge a line."""
    place = f"{event.site_slug or '-'} round {'-' if event.round is None else event.round}"
    actor, message = (one_line(text, len(text)) for text in (event.actor, event.message))
    return f"{event.at.isoformat(timespec='milliseconds')} {event.level.upper():7} {place} {actor}: {message}"


def last_event_id(session: Session) -> int:
    return session.scalar(select(func.max(Event.id))) or 0


class Bell:
    """Wakes who listens in this process after a commit. What other processes commit is found by a slow poll."""

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
