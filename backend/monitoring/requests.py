"""How many requests each route had, how they ended, and how long they took."""

import time
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Of a request for which there is no route: its address is a stranger's words, and no label.
NO_ROUTE = "none"
#: The route itself does not know under which address it was put.
API = "/api/v1/"
#: Seconds. A poll of a hospital waits for up to 50.
BUCKETS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


@dataclass(frozen=True)
class RequestCounts:
    """Of one application."""

    total: Counter
    seconds: Histogram

    def note(self, method: str, route: str, status: int, seconds: float) -> None:
        self.total.labels(method, route, str(status)).inc()
        self.seconds.labels(method, route).observe(seconds)


def request_counts(registry: CollectorRegistry) -> RequestCounts:
    """Counted in the registry, from nothing."""
    total = Counter("fedsm_requests_total", "Requests.", ("method", "route", "status"), registry=registry)
    seconds = Histogram(
        "fedsm_request_seconds", "Time to the answer's end.", ("method", "route"), registry=registry, buckets=BUCKETS
    )
    return RequestCounts(total, seconds)


class CountRequests:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, counts: RequestCounts) -> None:
        self.app, self._counts = app, counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = time.monotonic(), 500

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_noted)
        finally:
            self._counts.note(_known(scope["method"]), _route_of(scope), status, time.monotonic() - started)


def _route_of(scope: Scope) -> str:
    """As the API's document has it."""
    route = str(getattr(scope.get("route"), "path", NO_ROUTE))
    is_within = scope["path"].startswith(API) and route != NO_ROUTE and not route.startswith(API)
    return f"{API.rstrip('/')}{route}" if is_within else route


def _known(method: str) -> str:
    return method if method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS") else NO_ROUTE
