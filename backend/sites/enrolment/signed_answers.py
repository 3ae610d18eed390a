"""Signs what the hub answers to a hospital's signed request, errors too.

Artifacts are not signed: the site knows their hash from its signed task. ASGI middleware, outside of all others.
"""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.link import signatures
from backend.sites.enrolment.identity import ARTIFACTS, is_signed

WORKER_API = "/worker-api/"
JOIN = "/api/v1/join"
_STREAMED = frozenset({200, 206, 304})


class SignedAnswers:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _is_of_site(scope):
            await self.app(scope, receive, send)
            return
        await self.app(scope, receive, _Signer(scope, send))


def _is_of_site(scope: Scope) -> bool:
    path: str = scope["path"]
    return (path.startswith(WORKER_API) or path == JOIN) and is_signed(Headers(scope=scope))


def _is_file(scope: Scope) -> bool:
    """And not what the hub says of one, as how much of it is here."""
    path: str = scope["path"]
    return scope["method"] == "GET" and path.startswith(ARTIFACTS) and "/" not in path.removeprefix(ARTIFACTS)


class _Signer:
    """Holds the answer back until all of it is there."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._start: Message | None = None
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        is_start = message["type"] == "http.response.start"
        if is_start and not (_is_file(self._scope) and message["status"] in _STREAMED):
            self._start = message
            return
        if self._start is None:
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if not message.get("more_body", False):
            await self._finish(self._start, bytes(self._body))

    async def _finish(self, start: Message, body: bytes) -> None:
        key = self._scope["app"].state.platform.server_key
        request = Headers(scope=self._scope).get(signatures.SIGNATURE, "")
        headers = MutableHeaders(raw=start["headers"])
        seen = b"" if self._scope["method"] == "HEAD" else body  # the server sends no body to HEAD
        headers.update(signatures.sign_answer(key, start["status"], seen, request))
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})
