"""Streams of events as browsers follow them, each of which keeps the ids of what it was told."""

import asyncio
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import httpx

from tests.backend.live_backend import ADMIN_TOKEN

#: A sign of life comes every four.
SILENCE_SECONDS = 30.0
BEFORE_AGAIN_SECONDS = 0.5
#: In which a stream must have told what is committed.
CATCH_UP_SECONDS = 15.0
LOOK_SECONDS = 0.2
PAGE = 1000


@dataclass
class Viewer:
    """One stream. ids: as they came."""

    start: int
    ids: "array[int]" = field(default_factory=lambda: array("q"))
    num_reconnects: int = 0

    @property
    def last(self) -> int:
        return self.ids[-1] if self.ids else self.start

    async def follow(self, client: httpx.AsyncClient) -> None:
        """Until it is cancelled. It comes back as a browser does, with the id of the last event."""
        while True:
            try:
                await self._listen(client)
            except httpx.TransportError:
                await asyncio.sleep(BEFORE_AGAIN_SECONDS)
            self.num_reconnects += 1

    async def _listen(self, client: httpx.AsyncClient) -> None:
        headers = {"Last-Event-ID": str(self.last)}
        async with client.stream("GET", "/api/v1/events/stream", headers=headers) as response:
            response.raise_for_status()
            async for line in response.aiter_lines():
                if line.startswith("id: "):
                    self.ids.append(int(line.removeprefix("id: ")))


@dataclass(frozen=True)
class Followed:
    """What all viewers together were told, and what not. num_told: counted for each viewer."""

    num_events: int
    num_told: int
    num_lost: int
    num_twice_or_late: int
    num_reconnects: int


async def follow(url: str, num_viewers: int, start: int, is_over: Callable[[], bool]) -> Followed:
    """num_viewers streams of what comes after the event `start`, until it is over and all have caught up."""
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    limits = httpx.Limits(max_connections=None)
    timeout = httpx.Timeout(SILENCE_SECONDS)
    async with httpx.AsyncClient(
        base_url=url, headers=headers, limits=limits, timeout=timeout, trust_env=False
    ) as client:
        viewers = [Viewer(start) for _ in range(num_viewers)]
        tasks = [asyncio.create_task(viewer.follow(client)) for viewer in viewers]
        try:
            while not is_over():
                await asyncio.sleep(LOOK_SECONDS)
                for task in tasks:
                    if task.done():
                        task.result()  # raises what ended it
            true_ids = await committed(client, start)
            until, deadline = (true_ids or [start])[-1], asyncio.get_running_loop().time() + CATCH_UP_SECONDS
            while min(viewer.last for viewer in viewers) < until and asyncio.get_running_loop().time() < deadline:
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    return compared(viewers, true_ids)


async def committed(client: httpx.AsyncClient, start: int) -> list[int]:
    """Ids of all events after one, as the list of events has them."""
    found: list[int] = []
    while True:
        params = {"after": (found or [start])[-1], "limit": PAGE}
        page = (await client.get("/api/v1/events", params=params)).raise_for_status().json()
        found += [event["id"] for event in page]
        if len(page) < PAGE:
            return found


def compared(viewers: Sequence[Viewer], true_ids: Sequence[int]) -> Followed:
    """Of what each viewer was told and what there is."""
    there = set(true_ids)
    return Followed(
        num_events=len(there),
        num_told=sum(len(viewer.ids) for viewer in viewers),
        num_lost=sum(len(there.difference(viewer.ids)) for viewer in viewers),
        num_twice_or_late=sum(
            later <= earlier for viewer in viewers for earlier, later in zip(viewer.ids, viewer.ids[1:], strict=False)
        ),
        num_reconnects=sum(viewer.num_reconnects for viewer in viewers),
    )
