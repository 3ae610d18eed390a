"""All streams of a process share what one reader reads: each event once, and whole whatever a stream asks for."""

import asyncio
import re
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace

import pytest

from backend.db.session import unit_of_work
from backend.events import feed as module
from backend.events import service
from backend.events.endpoints import _follow
from backend.events.feed import Feed
from backend.events.schemas import EventRecord
from backend.events.service import EVERYTHING, Bell, EventFilters
from backend.platform import Platform
from tests.backend.live_backend import LiveBackend


def write(platform: Platform, number: int, **about: str) -> None:
    with unit_of_work(platform.database) as session:
        for index in range(number):
            service.record(session, "log", f"event {index}", service.BACKEND, **about)


def here(backend: LiveBackend) -> Platform:
    """The backend's platform with a feed of this loop; the bell rings when a test says so."""
    bell = Bell()
    bell.attach(asyncio.get_running_loop())
    return replace(backend.platform, bell=bell, feed=Feed(backend.platform.database, bell))


async def all_listen(platform: Platform, num_streams: int) -> None:
    """Until so many streams hear what is read."""
    async with asyncio.timeout(30):
        while len(platform.feed._listeners) < num_streams or platform.feed._reader is None:
            await asyncio.sleep(0.01)


async def ids_of(platform: Platform, start: int, number: int, filters: EventFilters = EVERYTHING) -> list[int]:
    """Of the first events that a stream gives."""
    found: list[int] = []
    async with aclosing(_follow(platform, start, filters, lambda: filters)) as stream:
        async for sent in stream:
            found += [int(number) for number in re.findall(rb"^id: (\d+)", sent, re.MULTILINE)]
            if len(found) >= number:
                break
    return found[:number]


def test_an_event_is_read_once_however_many_follow(backend: LiveBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", 3600.0)
    read, read_ids = Feed._read, list[int]()

    def noted(feed: Feed, after: int) -> list[EventRecord]:
        batch = read(feed, after)
        read_ids.extend(event.id for event in batch)
        return batch

    monkeypatch.setattr(Feed, "_read", noted)

    async def follow(num_streams: int) -> None:
        platform = here(backend)
        latest = platform.feed._latest()
        streams = [asyncio.create_task(ids_of(platform, latest, 2)) for _ in range(num_streams)]
        await all_listen(platform, num_streams)
        read_ids.clear()
        write(platform, 2)
        platform.bell.ring()
        assert await asyncio.gather(*streams) == [[latest + 1, latest + 2]] * num_streams
        assert read_ids == [latest + 1, latest + 2]

    for num_streams in (1, 20):
        asyncio.run(follow(num_streams))


def test_an_event_is_encoded_once_however_many_follow(backend: LiveBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """And once looked at for all that ask for the same."""
    made, encoded = [], module.encoded
    asked, admits = [], EventFilters.admits

    def counted_encoded(event: EventRecord) -> bytes:
        made.append(event.id)
        return encoded(event)

    def counted_admits(filters: EventFilters, event: EventRecord) -> bool:
        asked.append(event.id)
        return admits(filters, event)

    monkeypatch.setattr(module, "encoded", counted_encoded)
    monkeypatch.setattr(EventFilters, "admits", counted_admits)

    async def follow() -> None:
        platform = here(backend)
        latest = platform.feed._latest()
        streams = [asyncio.create_task(ids_of(platform, latest, 2)) for _ in range(20)]
        await all_listen(platform, 20)
        write(platform, 2)
        platform.bell.ring()
        assert await asyncio.gather(*streams) == [[latest + 1, latest + 2]] * 20
        assert made == asked == [latest + 1, latest + 2]

    asyncio.run(follow())


def test_streams_are_woken_in_turn(backend: LiveBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two pieces the loop answers others: what arrives is not held up by sending to all streams at once."""
    monkeypatch.setattr(module, "WOKEN_AT_ONCE", 5)

    async def most_at_once(num_streams: int) -> int:
        platform = here(backend)
        async with AsyncExitStack() as listening:
            streams = [await listening.enter_async_context(platform.feed.listen()) for _ in range(num_streams)]
            write(platform, 1)
            platform.bell.ring()
            most, woken = 0, 0
            async with asyncio.timeout(30):
                while woken < num_streams:
                    await asyncio.sleep(0)
                    before, woken = woken, sum(heard.is_set() for heard in streams)
                    most = max(most, woken - before)
        return most

    assert asyncio.run(most_at_once(23)) == 5


def test_no_stream_misses_or_repeats_an_event_whether_it_is_behind_or_live(
    backend: LiveBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More events than memory keeps and than one reading brings, while streams begin before, in and after them."""
    monkeypatch.setattr(module, "KEPT", 50)
    monkeypatch.setattr(module, "BREATH_SECONDS", 0.0)

    async def follow() -> None:
        platform = here(backend)
        first = platform.feed._latest()
        write(platform, 250, site_slug="a")
        early = [asyncio.create_task(ids_of(platform, start, first + 560 - start)) for start in (first, first + 249)]
        of_b = asyncio.create_task(ids_of(platform, first, 10, EventFilters(site_slug="b")))
        await asyncio.sleep(0.2)
        write(platform, 300, site_slug="a")
        late = asyncio.create_task(ids_of(platform, first + 300, 260))
        write(platform, 10, site_slug="b")
        platform.bell.ring()
        async with asyncio.timeout(60):
            assert await early[0] == list(range(first + 1, first + 561))
            assert await early[1] == list(range(first + 250, first + 561))
            assert await of_b == list(range(first + 551, first + 561))
            assert await late == list(range(first + 301, first + 561))

    asyncio.run(follow())


def test_streams_hear_why_the_reading_ended(backend: LiveBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> list[int]:
        raise OSError("the disk is gone")

    async def follow() -> None:
        platform = here(backend)
        latest = platform.feed._latest()
        monkeypatch.setattr(Feed, "_read", broken)
        streams = [asyncio.create_task(ids_of(platform, latest, 1)) for _ in range(3)]
        async with asyncio.timeout(60):
            ended = await asyncio.gather(*streams, return_exceptions=True)
        assert [str(error) for error in ended] == ["the disk is gone"] * 3
        monkeypatch.undo()
        write(platform, 1)
        assert await ids_of(platform, latest, 1) == [latest + 1], "the next stream reads on"

    asyncio.run(follow())
