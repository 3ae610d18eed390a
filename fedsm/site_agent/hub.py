"""Requests to the hub: signed, their answers verified, errors as two kinds: it is away, or it refuses."""

import random
import socket
import time
from types import TracebackType
from typing import Any, Self

import httpx

from backend.contracts.log_lines import CORRELATION_HEADER, correlation_id
from backend.link.keys import PublicKey, SigningKey
from backend.link.signatures import SignatureRefused
from fedsm.site_agent.network import NetworkProblem, way_to, words_of
from fedsm.site_agent.signing import BODY_SHA256, SignedRequests, require_signed

API = "/worker-api/v1"
CONNECT_SECONDS = 10.0
#: Of an answer that the hub does not hold back.
READ_SECONDS = 60.0
#: Bytes that this machine takes of an upload before the network does. Without a limit it takes megabytes at once, and
#: on a slow link the answer would be expected before they left.
UNSENT_BYTES = 2**17


class HubAway(Exception):
    """It did not answer, or not as itself; the text says why, and what to look at. Trying again may help."""


class HubRefused(Exception):
    """The hub's own, signed refusal."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail


class Hub:
    """An async context. One for each key."""

    def __init__(self, url: str, key: SigningKey, server: PublicKey) -> None:
        """Raises NetworkProblem."""
        self.url = url.rstrip("/")
        self._server = server
        #: When it last answered as itself, for the watchdog; at first when it was made.
        self.heard_at = time.monotonic()
        way = way_to(url)
        self._http = httpx.AsyncClient(
            base_url=self.url,
            auth=SignedRequests(key, self.url),
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            transport=httpx.AsyncHTTPTransport(
                verify=way.tls,
                proxy=way.proxy,
                trust_env=False,
                limits=httpx.Limits(max_connections=32, keepalive_expiry=30),
                socket_options=_socket_options(),
            ),
            event_hooks={"request": [_say_id]},
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    async def ask(
        self,
        method: str,
        path: str,
        content: bytes = b"",
        headers: dict[str, str] | None = None,
        wait_seconds: float = 0.0,
    ) -> httpx.Response:
        """The hub's verified answer, whatever its status. wait_seconds: how long it may hold the answer back.

        Raises HubAway."""
        sent = {"Content-Type": "application/json"} if content else {}
        timeout = httpx.Timeout(READ_SECONDS + wait_seconds, connect=CONNECT_SECONDS)
        try:
            answer = await self._http.request(
                method, path, content=content, headers=sent | (headers or {}), timeout=timeout
            )
            self._hear(answer)
        except httpx.HTTPError as error:
            raise HubAway(words_of(error, self.url)) from error
        except SignatureRefused as error:
            raise HubAway(_of_stranger(answer, error)) from error
        return answer

    async def must(self, method: str, path: str, content: bytes = b"", **more: Any) -> httpx.Response:
        """The answer where it is no refusal. Raises HubAway, HubRefused."""
        answer = await self.ask(method, path, content, **more)
        if answer.is_server_error:
            raise HubAway(refusal_of(answer).detail)
        if answer.is_error:
            raise refusal_of(answer)
        return answer

    def _hear(self, answer: httpx.Response) -> None:
        """Raises SignatureRefused."""
        require_signed(self._server, answer)
        self.heard_at = time.monotonic()

    def stream(self, method: str, path: str, **options: Any) -> Any:
        """As httpx has it: for artifacts, whose hash is known before."""
        return self._http.stream(method, path, **options)

    async def put_file(self, path: str, content: Any, sha256: str, headers: dict[str, str]) -> httpx.Response:
        """Sends a file as a stream. Raises HubAway."""
        request = self._http.build_request("PUT", path, content=content, headers=headers)
        request.extensions[BODY_SHA256] = bytes.fromhex(sha256)
        try:
            answer = await self._http.send(request)
            self._hear(answer)
        except httpx.HTTPError as error:
            raise HubAway(words_of(error, self.url)) from error
        except SignatureRefused as error:
            raise HubAway(_of_stranger(answer, error)) from error
        return answer


async def _say_id(request: httpx.Request) -> None:
    """Of the click that this goes back to, for the hub's log."""
    if (found := correlation_id()) is not None:
        request.headers[CORRELATION_HEADER] = found


def _socket_options() -> list[tuple[int, int, int]]:
    """Of each connection; none where the system has no such option."""
    option = getattr(socket, "TCP_NOTSENT_LOWAT", None)
    return [] if option is None else [(socket.IPPROTO_TCP, option, UNSENT_BYTES)]


def jittered(seconds: float) -> float:
    """A pause before the next try, half to one and a half of `seconds` long, so that sites that were cut off together
    do not come back together."""
    return seconds * random.uniform(0.5, 1.5)


def refusal_of(answer: httpx.Response) -> HubRefused:
    try:
        body = answer.json()
        return HubRefused(answer.status_code, str(body["error"]), str(body["detail"]))
    except (ValueError, KeyError, TypeError):
        return HubRefused(answer.status_code, "unknown", answer.text[:200])


def _of_stranger(answer: httpx.Response, error: SignatureRefused) -> str:
    server = answer.headers.get("server") or answer.headers.get("via") or "something"
    return (
        f"{server} answered {answer.status_code} in place of the hub ({error}): a proxy or a firewall blocks it, or "
        "the address is wrong"
    )


__all__ = ["API", "Hub", "HubAway", "HubRefused", "NetworkProblem", "jittered", "refusal_of"]
