"""Serves what Prometheus reads on an address of its own, away from the pages and the API.

It is loopback unless the operator opens it, because the names of sites are in it and nobody is asked for a token.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.registry import Collector

from backend.monitoring.requests import RequestCounts, request_counts
from backend.monitoring.state import PlatformState
from backend.platform import Platform


class Metrics:
    """Of one application: what it counts, and where that is read."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.counts: RequestCounts = request_counts(self._registry)

    @contextmanager
    def served(self, platform: Platform) -> Iterator[None]:
        """While the backend runs. Raises OSError where the port is taken."""
        state = cast(Collector, PlatformState(platform))
        self._registry.register(state)
        settings = platform.settings
        server, thread = start_http_server(settings.metrics_port, settings.metrics_host, self._registry)
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join(timeout=10)
            self._registry.unregister(state)
