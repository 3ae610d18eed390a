"""Watches the disks, sweeps states soon after a round let them go, and looks the whole store through every night.

A while after the start it looks who holds what, so that nobody waits for the first look, which may take seconds."""

import time
from datetime import timedelta

from typing_extensions import override

from backend.background_loop import BackgroundLoop
from backend.clock import now
from backend.events.retention import forget_old_events
from backend.platform import Platform
from backend.storage.scrub import last_scrub, scrub
from backend.storage.sweep import sweep, sweep_states
from backend.storage.usage import latest_look
from backend.storage.watch import DiskWatch

#: A sweep takes at most this share of the time.
MAX_SHARE_OF_TIME = 0.05
#: A look through the whole store that failed is begun again after this time: it may read terabytes over a network.
AGAIN_SECONDS = 1800.0
#: After the start, in which pages and workers come back.
FIRST_LOOK_SECONDS = 20.0


class StorageLoop(BackgroundLoop):
    """Of one backend process."""

    name = "storage"

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self._watch = DiskWatch(platform)
        self._next_sweep = 0.0
        self._next_scrub = 0.0
        self._first_look_at: float | None = time.monotonic() + FIRST_LOOK_SECONDS

    @override
    def look(self) -> None:
        self._watch.look()
        self._look_first()
        self._work()

    def _look_first(self) -> None:
        if self._first_look_at is not None and time.monotonic() >= self._first_look_at:
            self._first_look_at = None
            latest_look(self._platform)

    def _work(self) -> None:
        if self._is_scrub_due():
            self._next_scrub = time.monotonic() + AGAIN_SECONDS
            forget_old_events(self._platform.database, self._platform.settings)
            sweep(self._platform)
            scrub(self._platform)
            self._next_scrub = 0.0
        elif self._platform.sweep_wanted.is_set() and time.monotonic() >= self._next_sweep:
            self._platform.sweep_wanted.clear()
            begun = time.monotonic()
            try:
                sweep_states(self._platform)
            except Exception:
                self._platform.sweep_wanted.set()  # what was let go still lies there
                raise
            finally:
                self._next_sweep = time.monotonic() + (time.monotonic() - begun) / MAX_SHARE_OF_TIME

    def _is_scrub_due(self) -> bool:
        if time.monotonic() < self._next_scrub:
            return False
        last = last_scrub(self._platform.settings)
        return last is None or now() - last > timedelta(hours=self._platform.settings.sweep_hours)
