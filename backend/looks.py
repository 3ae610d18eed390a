"""Answers that take seconds to make once there are years of work, kept for a while by the process that made them."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from backend.clock import now

logger = logging.getLogger(__name__)

#: A look that takes no more of the processor is taken anew for everybody who asks.
CHEAP_SECONDS = 0.2
#: Looks take at most this share of the time.
MAX_SHARE_OF_TIME = 0.05

Found = TypeVar("Found")


@dataclass(frozen=True)
class Look(Generic[Found]):
    """What was found, when, and how many seconds of the processor it took to find."""

    found: Found
    at: datetime
    seconds: float


class Looks(Generic[Found]):
    """The last look. One that was expensive is shown again while a newer one is taken behind it, in a thread.

    What a look costs is processor time of its thread, because a machine that is busy with other work makes none of them
    expensive.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, processor_clock: Callable[[], float] = time.thread_time
    ) -> None:
        self._clock, self._processor_clock = clock, processor_clock
        self._last: Look[Found] | None = None
        self._next_at = 0.0
        self._number = 0
        self._lock = threading.Lock()
        self._taking = threading.Lock()

    def latest(self, take: Callable[[], Found]) -> Look[Found]:
        """take: makes the answer, in this thread or in one of its own. Raises what it raises in this thread."""
        with self._lock:
            last, is_due = self._last, self._clock() >= self._next_at
        if last is None or last.seconds <= CHEAP_SECONDS:
            return self._take(take)
        if is_due and self._taking.acquire(blocking=False):
            threading.Thread(target=self._take_behind, args=(take,), name="look", daemon=True).start()
        return last

    def forget(self) -> None:
        """The next who asks gets a new look: what was found is known to be otherwise."""
        with self._lock:
            self._last = None
            self._number += 1

    def _take_behind(self, take: Callable[[], Found]) -> None:
        try:
            self._take(take)
        except Exception:
            logger.exception("the look failed; the last one is shown until the next succeeds")
            with self._lock:
                self._next_at = self._clock() + CHEAP_SECONDS / MAX_SHARE_OF_TIME
        finally:
            self._taking.release()

    def _take(self, take: Callable[[], Found]) -> Look[Found]:
        with self._lock:
            number = self._number
        begun, at = self._processor_clock(), now()
        found = take()
        seconds = self._processor_clock() - begun
        look = Look(found, at, seconds)
        with self._lock:
            if number == self._number:  # otherwise it may have read what is otherwise now
                self._last, self._next_at = look, self._clock() + seconds / MAX_SHARE_OF_TIME
        return look
