"""One look into the database for all who ask at the same time."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from fastapi.concurrency import run_in_threadpool

Found = TypeVar("Found")


class SharedLook(Generic[Found]):
    """Looks follow one another, and who asks gets one that begins after the question. All calls come from one event
    loop."""

    def __init__(self) -> None:
        self._last: asyncio.Task[Found] | None = None
        self._next: asyncio.Task[Found] | None = None

    async def __call__(self, take: Callable[[], Found]) -> Found:
        """take: makes the answer, in a thread; the same of all who ask. Raises what it raises."""
        if self._next is None:
            self._next = asyncio.create_task(self._take(take, self._last), name="look")
        # Who leaves does not take the look from the others.
        return await asyncio.shield(self._next)

    async def _take(self, take: Callable[[], Found], before: asyncio.Task[Found] | None) -> Found:
        if before is not None:
            await asyncio.wait([before])
        self._last, self._next = self._next, None
        return await run_in_threadpool(take)
