"""Engines, and the one way to write: `unit_of_work()`."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from backend.db import audit_chain, worker_quota
from backend.db.base import Base
from backend.db.models import Dataset, Event, Experiment, Federation, Run, Site, Task

BUSY_TIMEOUT_MS = 15_000
#: Any number: the PostgreSQL advisory lock under which event rows get their ids.
EVENT_LOCK = 0x0FED5

#: Rows that many functions look up by id in one transaction. A session keeps only what somebody holds, and would read
#: a run anew for each of them.
KEPT_WHILE_OPEN = (Dataset, Experiment, Federation, Run, Site, Task)

#: Requests that may write at a time. There are 40 threads for requests: who holds the database's lock, and who only
#: reads, finds one however many wait for the lock.
MAX_WRITERS = 20

#: (queue, task id) of the messages that leave after the commit.
Message = tuple[str, str]


@dataclass(frozen=True)
class Committed:
    """What a unit of work has for others.

    messages: for the broker. event_kinds: of the events that it wrote. concerns_sites: whether a site that polls may
    have something to do.
    """

    messages: list[Message]
    event_kinds: frozenset[str]
    concerns_sites: bool


@dataclass(frozen=True)
class Database:
    """An engine, its sessions, and what to do once a unit of work is committed."""

    engine: Engine
    sessions: sessionmaker[Session]
    writing_sessions: sessionmaker[Session]
    after_commit: Callable[[Committed], None]
    #: A request takes one before its threads write.
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_WRITERS))

    @property
    def dialect(self) -> str:
        return self.engine.dialect.name


def open_database(url: str, after_commit: Callable[[Committed], None]) -> Database:
    """`after_commit` runs after each unit of work that has something for others, once it is committed."""
    engine = create_engine_for(url)
    sessions = sessionmaker(engine, expire_on_commit=False)
    writing_sessions = sessionmaker(engine.execution_options(fedsm_write=True), expire_on_commit=False)
    for made in (sessions, writing_sessions):
        event.listen(made, "loaded_as_persistent", _keep_while_open)
        event.listen(made, "pending_to_persistent", _keep_while_open)
    return Database(engine, sessions, writing_sessions, after_commit)


def _keep_while_open(session: Session, row: Base) -> None:
    if isinstance(row, KEPT_WHILE_OPEN):
        session.info.setdefault("kept", []).append(row)


def create_engine_for(url: str) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20)
    # A request has a thread, and there are 40. Each connection keeps its pages and up to 128 statements in memory. The
    # one that was used last is taken again, so that only as many fill theirs as are needed at a time.
    engine = create_engine(url, pool_size=10, max_overflow=40, pool_use_lifo=True)
    turn = _Turn()
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", turn.begin)
    event.listen(engine, "checkin", turn.end)
    return engine


def _configure_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late; `_Turn` says it
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


class _Turn:
    """One writer of this process at a time. SQLite lets a second one look again after ever longer sleeps and gives no
    heed to who came first; here it goes on as soon as the first is done."""

    def __init__(self) -> None:
        self._writing = threading.Lock()

    def begin(self, connection: Connection) -> None:
        """Writers take the write lock at once: a lock taken later could not wait, for what was read may be stale."""
        if not connection.get_execution_options().get("fedsm_write", False):
            connection.exec_driver_sql("BEGIN")
            return
        if not connection.info.get("writes", False):
            # Who waits for too long asks SQLite, which refuses in its own words.
            connection.info["writes"] = self._writing.acquire(timeout=BUSY_TIMEOUT_MS / 1000)
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def end(self, _connection: object, record: ConnectionPoolEntry) -> None:
        """The connection is back in the pool, after its commit or rollback."""
        if record.info.pop("writes", False):
            self._writing.release()


@contextmanager
def unit_of_work(database: Database) -> Iterator[Session]:
    """One transaction: committed at the end, rolled back on an error; then its messages leave and listeners wake.

    It begins with the first statement, and so does the time for which others wait.
    """
    with database.writing_sessions() as session:
        yield session
        event_kinds = _write_events(session)
        session.commit()
        messages: list[Message] = session.info.get("messages", [])
        concerns_sites = bool(session.info.get("concerns_sites"))
    if messages or event_kinds or concerns_sites:
        database.after_commit(Committed(messages, event_kinds, concerns_sites))


@contextmanager
def read_only(database: Database) -> Iterator[Session]:
    """A session that is never committed."""
    with database.sessions() as session:
        yield session


def buffer_message(session: Session, queue: str, task_id: str) -> None:
    session.info.setdefault("messages", []).append((queue, task_id))


def wake_sites(session: Session) -> None:
    """After the commit the sites that poll look whether there is something for them."""
    session.info["concerns_sites"] = True


def buffer_event(session: Session, row: Event, quota_of: str | None = None) -> None:
    """quota_of: the worker that caused it, where it can cause as many as it likes."""
    session.info.setdefault("events", []).append((row, quota_of))


def _write_events(session: Session) -> frozenset[str]:
    """Last of all, and one transaction at a time: a stream that has read id n never misses a smaller one.

    Returns the kinds of those that were written.
    """
    buffered: list[tuple[Event, str | None]] = session.info.get("events", [])
    if not buffered:
        return frozenset()
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": EVENT_LOCK})
    kinds: set[str] = set()
    for row, worker in buffered:
        kept = row if worker is None else worker_quota.kept_of(session, row, worker)
        if kept is not None:
            session.add(kept)
            kinds.add(kept.kind)
        session.flush()
        if kept is not None:
            audit_chain.append(session, kept)
            session.flush()
    return frozenset(kinds)
