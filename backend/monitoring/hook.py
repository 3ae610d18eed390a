"""What the application does for Prometheus: nothing, and nothing is loaded for it, where no port is set."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from backend.platform import Platform
from backend.settings import Settings


class Monitoring:
    """Of one application."""

    def __init__(self, settings: Settings) -> None:
        self._metrics = None
        if settings.metrics_port:
            from backend.monitoring.server import Metrics

            self._metrics = Metrics()

    def install(self, app: FastAPI) -> None:
        """Counts its requests."""
        if self._metrics is not None:
            from backend.monitoring.requests import CountRequests

            app.add_middleware(CountRequests, counts=self._metrics.counts)

    @asynccontextmanager
    async def served(self, platform: Platform) -> AsyncIterator[None]:
        """While the backend runs. Raises OSError where the port is taken."""
        if self._metrics is None:
            yield
            return
        with self._metrics.served(platform):
            yield
