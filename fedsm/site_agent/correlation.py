"""The id of a click: in the agent's lines about what its workers do for it, and in what it asks of the hub for them."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from backend.contracts.log_lines import CORRELATION_HEADER, accepted_id, set_correlation_id
from fedsm.site_agent.under_way import UnderWay


class Correlation:
    """ASGI middleware. A worker repeats the id that its task came with. Anything else is dropped, because what it says
    would leave the site."""

    def __init__(self, app: ASGIApp, under_way: UnderWay) -> None:
        self._app, self._under_way = app, under_way

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = accepted_id(Headers(scope=scope).get(CORRELATION_HEADER))
            set_correlation_id(self._under_way.origin(given))
        await self._app(scope, receive, send)
