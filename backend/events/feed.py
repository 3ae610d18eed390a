"""What happens now, for all streams of one process: each event is read from the database once, for all that follow.

The reader runs while somebody listens. It keeps the latest events; a stream that asks for older ones reads the database
for itself until it has caught up. Ids are given in the order of commits, so that who has read id n misses none below.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import takewhile

from fastapi.concurrency import run_in_threadpool
from sse_starlette import ServerSentEvent

from backend.db.session import Database, read_only
from backend.events import service
from backend.events.schemas import EventRecord

#: Events of other backend processes ring no bell here.
POLL_SECONDS = 2.0
#: Between two readings: what is committed meanwhile comes together. With many streams it is longer, for each reading
#: that finds something is sent to all of them.
BREATH_SECONDS = 0.1
BREATH_SECONDS_A_STREAM = 0.002
#: Streams that are woken at a time, and the pause after them: meanwhile the loop answers others.
WOKEN_AT_ONCE = 25
WAKING_SECONDS = 0.003
BATCH = 200
#: Events in memory, about 1 KB each.
KEPT = 2_000


class Feed:
    """The latest events of all federations, and who waits for the next. All calls come from one event loop."""

    def __init__(self, database: Database, bell: service.Bell) -> None:
        self._database, self._bell = database, bell
        #: All events after `_since`, up to `_until`.
        self._events: deque[EventRecord] = deque()
        #: By id, of those that a stream has sent: the bytes are made once for all streams.
        self._encoded: dict[int, bytes] = {}
        #: By what a stream has and what it asks for: the bytes that come next, until there are newer events.
        self._batches: dict[tuple[int, service.EventFilters], bytes] = {}
        self._since = self._until = 0
        self._listeners: set[asyncio.Event] = set()
        self._starting = asyncio.Lock()
        self._reader: asyncio.Task[None] | None = None

    @property
    def until(self) -> int:
        """The id of the last event that was read."""
        return self._until

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[asyncio.Event]:
        """Events are read on in this context. What it yields is set when there are new ones, and when reading ended."""
        heard = asyncio.Event()
        self._listeners.add(heard)
        try:
            async with self._starting:
                if self._reader is None or self._reader.done():
                    self._since = self._until = await run_in_threadpool(self._latest)
                    self._events.clear()
                    self._encoded.clear()
                    self._batches.clear()
                    self._reader = asyncio.create_task(self._read_on(), name="events")
            yield heard
        finally:
            self._listeners.discard(heard)
            if not self._listeners and self._reader is not None:
                self._reader.cancel()
                self._reader = None

    def holds_all_after(self, event_id: int) -> bool:
        """Raises what ended the reading, where it ended."""
        if self._reader is not None and self._reader.done():
            self._reader.result()
        return self._since <= event_id

    def after(self, event_id: int) -> list[EventRecord]:
        """In order of time. Only what `holds_all_after` is whole."""
        newer = list(takewhile(lambda event: event.id > event_id, reversed(self._events)))
        return newer[::-1]

    def batch(self, event_id: int, filters: service.EventFilters) -> bytes:
        """What a stream sends of `after`: streams that are as far and ask for the same share it."""
        key = (event_id, filters)
        if (known := self._batches.get(key)) is None:
            known = b"".join(self.encoded(event) for event in self.after(event_id) if filters.admits(event))
            self._batches[key] = known
        return known

    def encoded(self, event: EventRecord) -> bytes:
        """As it goes out on a stream."""
        if (known := self._encoded.get(event.id)) is not None:
            return known
        made = encoded(event)
        if event.id > self._since:
            self._encoded[event.id] = made
        return made

    async def _read_on(self) -> None:
        try:
            async with self._bell.listen() as rung:
                while True:
                    rung.clear()
                    batch = await run_in_threadpool(self._read, self._until)
                    if batch:
                        self._keep(batch)
                        await self._wake_in_turn()
                    if len(batch) < BATCH:
                        await asyncio.sleep(BREATH_SECONDS + BREATH_SECONDS_A_STREAM * len(self._listeners))
                        await _wait(rung)
        finally:
            self._wake()

    def _keep(self, batch: list[EventRecord]) -> None:
        self._events.extend(batch)
        self._batches.clear()
        self._until = batch[-1].id
        while len(self._events) > KEPT:
            self._since = self._events.popleft().id
            self._encoded.pop(self._since, None)

    async def _wake_in_turn(self) -> None:
        listeners = list(self._listeners)
        for start in range(0, len(listeners), WOKEN_AT_ONCE):
            for listener in listeners[start : start + WOKEN_AT_ONCE]:
                listener.set()
            await asyncio.sleep(WAKING_SECONDS)

    def _wake(self) -> None:
        for listener in self._listeners:
            listener.set()

    def _read(self, after: int) -> list[EventRecord]:
        with read_only(self._database) as session:
            return service.list_events(session, after, BATCH)

    def _latest(self) -> int:
        with read_only(self._database) as session:
            return service.last_event_id(session)


def encoded(event: EventRecord) -> bytes:
    """A server-sent event, whole."""
    return ServerSentEvent(event.model_dump_json(), event=event.kind, id=str(event.id)).encode()


async def _wait(rung: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(POLL_SECONDS):
            await rung.wait()
    except TimeoutError:
        return
