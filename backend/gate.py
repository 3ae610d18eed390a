"""What is refused before any endpoint sees it: odd addresses, changes that another site asks for, what comes too often,
strangers' bodies, large, slow and ambiguous bodies.

A body is read only after its sender's credential was looked at, and never more of it than its address may take.
"""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.contracts.values import printable, text_problem
from backend.dependencies import client_address, get_caller, get_worker
from backend.error_answers import response_to
from backend.errors import (
    BadRequest,
    BodyTooLarge,
    FedSMError,
    Forbidden,
    InvalidInput,
    RequestSignatureRefused,
    TooSlow,
)
from backend.link.signatures import CONTENT_DIGEST, SignatureRefused, require_digest
from backend.settings import Settings
from backend.sites.enrolment.identity import has_body, is_signed

#: Of one step of an address, in bytes: the longest name that file systems take.
MAX_SEGMENT_BYTES = 255
MAX_PATH_BYTES = 2000
MAX_QUERY_BYTES = 16_000
#: A body is parsed on the event loop where it is smaller.
SMALL_BODY_BYTES = 64_000
#: What is still read of a body that is refused, so that its sender gets to see why.
DRAINED_BYTES = 4 * 2**20
DRAINED_SECONDS = 2.0
MIB = 2**20

#: They change nothing.
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
#: The only operations of the API that ask for no credential.
PUBLIC = frozenset(
    {("GET", "/api/v1/health"), ("POST", "/api/v1/session"), ("DELETE", "/api/v1/session"), ("POST", "/api/v1/join")}
    | {("GET", "/health/live"), ("GET", "/health/ready")}
    | {("GET", "/api/v1/session/ways")}
    | {("POST", "/api/v1/session/single-sign-on"), ("POST", "/api/v1/session/single-sign-on/finish")}
    | {("POST", "/api/v1/invitations/look"), ("POST", "/api/v1/invitations/accept")}
    | {("GET", "/api/v1/shared-reports/{token}"), ("GET", "/api/v1/shared-reports/{token}/pdf")}
    | {("GET", "/api/v1/shared-reports/{token}/pictures/{rank}")}
)
_PUBLIC = tuple((method, re.compile(re.sub(r"\{\w+\}", "[^/]+", path) + "/?")) for method, path in PUBLIC)


@dataclass(frozen=True)
class BodyRule:
    """How large a body may be, and whether the endpoint reads it as a stream of its own."""

    most_bytes: int
    streamed: bool = False


class Gate:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self._body_seconds = settings.body_seconds
        self._standard = BodyRule(round(settings.max_body_mib * MIB))
        self._large = (
            (re.compile(r"PUT /worker-api/v1/artifacts/[^/]+"), BodyRule(round(settings.max_artifact_mib * MIB), True)),
            (re.compile(r"POST /worker-api/v1/tasks/[^/]+/complete"), BodyRule(round(settings.max_result_mib * MIB))),
            # The endpoint has its own limit, which it says in words of the image.
            (re.compile(r"POST /api/v1/runs/[^/]+/predictions"), BodyRule(2**31, True)),
            (re.compile(r"POST /api/v1/federations/[^/]+/models"), BodyRule(2**33, True)),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        try:
            check_address(scope)
            require_own_origin(request)
            await self._check_rate(request)
            if has_body(request):
                await self._check_sender(request)
                receive = await self._checked_body(request, receive)
        except FedSMError as refusal:
            response = response_to(request, refusal)
            response.headers["Connection"] = "close"  # what is left of the body is not read
            await _drain(receive)
            await response(scope, receive, send)
            return
        await self.app(scope, receive, send)

    async def _check_sender(self, request: Request) -> None:
        """Raises NotSignedIn or WrongToken."""
        path = request.url.path
        platform = request.app.state.platform
        if path.startswith("/worker-api/"):
            await get_worker(request, platform)
        elif path.startswith("/api/") and not is_public(request.method, path):
            await get_caller(request, platform)

    async def _check_rate(self, request: Request) -> None:
        """Of what is open, or dear. Raises TooManyRequests, and what `_check_sender` raises."""
        path, platform = request.url.path, request.app.state.platform
        if not platform.rates.has_rule(request.method, path):
            return
        sender = client_address(request)
        if not is_public(request.method, path):
            sender = (await get_caller(request, platform)).credential
        platform.rates.count(request.method, path, sender)

    async def _checked_body(self, request: Request, receive: Receive) -> Receive:
        rule = self._rule(request)
        length = request.headers.get("content-length", "")
        if length.isdecimal() and len(length) < 20 and int(length) > rule.most_bytes:
            raise _too_large(int(length), rule.most_bytes)
        if rule.streamed:
            return _limited(receive, rule.most_bytes, self._body_seconds)
        try:
            async with asyncio.timeout(self._body_seconds):
                body = b"".join([chunk async for chunk in _chunks(receive, rule.most_bytes)])
        except TimeoutError:
            raise _too_slow(self._body_seconds) from None
        _check_digest(request, body)
        await _check_keys(request, body)
        return _replay(body, receive)

    def _rule(self, request: Request) -> BodyRule:
        address = f"{request.method} {request.url.path}"
        return next((rule for pattern, rule in self._large if pattern.fullmatch(address)), self._standard)


def require_own_origin(request: Request) -> None:
    """Raises Forbidden for a change that another site's page asks a browser for, which would send its cookie along.

    A request that carries a token, or comes from no browser, needs no origin.
    """
    headers = request.headers
    if request.method in SAFE_METHODS or "authorization" in headers or not request.url.path.startswith("/api/"):
        return
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is None:  # browsers leave it out without TLS, but on this machine itself
        is_own = origin is None or urlsplit(origin).netloc == headers.get("host")
    else:
        is_own = site in ("same-origin", "none")
    if not is_own:
        raise Forbidden(
            f"a page of {printable(origin or 'another site')} may not change anything here: use the pages of this "
            "address, or send a token"
        )


def is_public(method: str, path: str) -> bool:
    return any(method == known and pattern.fullmatch(path) for known, pattern in _PUBLIC)


def check_address(scope: Scope) -> None:
    """Raises BadRequest for what no address of the platform holds: controls, broken UTF-8, endless names."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    if len(raw) > MAX_PATH_BYTES or len(scope["query_string"]) > MAX_QUERY_BYTES:
        raise BadRequest(
            f"the address is too long: its path may have {MAX_PATH_BYTES} bytes, its query {MAX_QUERY_BYTES}"
        )
    decoded = unquote_to_bytes(raw)
    try:
        path = decoded.decode()
    except UnicodeDecodeError as error:
        raise BadRequest(f"the address is not valid UTF-8 at byte {error.start}: encode it as UTF-8") from None
    if (problem := text_problem(path)) is not None:
        raise BadRequest(f"the address {problem}: remove it")
    if any(len(segment) > MAX_SEGMENT_BYTES for segment in decoded.split(b"/")):
        raise BadRequest(f"a part of the address is longer than {MAX_SEGMENT_BYTES} bytes: correct it")


async def _chunks(receive: Receive, most_bytes: int) -> Any:
    """The body's pieces. Raises BodyTooLarge."""
    num_bytes = 0
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise BadRequest("the connection ended before the body did: send it again")
        chunk = message.get("body", b"")
        num_bytes += len(chunk)
        if num_bytes > most_bytes:
            raise _too_large(num_bytes, most_bytes)
        yield chunk
        more = message.get("more_body", False)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Gives the body that was read, then what the server says later, such as that the client left."""
    messages: Iterator[Message] = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def replayed() -> Message:
        message = next(messages, None)
        return await receive() if message is None else message

    return replayed


def _limited(receive: Receive, most_bytes: int, idle_seconds: float) -> Receive:
    """The stream itself, until it is longer than allowed or stands still for too long."""
    num_bytes, done = 0, False

    async def limited() -> Message:
        nonlocal num_bytes, done
        if done:
            return await receive()
        try:
            async with asyncio.timeout(idle_seconds):
                message = await receive()
        except TimeoutError:
            raise _too_slow(idle_seconds) from None
        num_bytes += len(message.get("body", b""))
        if num_bytes > most_bytes:
            raise _too_large(num_bytes, most_bytes)
        done = not message.get("more_body", False)
        return message

    return limited


async def _drain(receive: Receive) -> None:
    num_bytes = 0
    try:
        async with asyncio.timeout(DRAINED_SECONDS):
            while num_bytes < DRAINED_BYTES:
                message = await receive()
                num_bytes += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return
    except (TimeoutError, FedSMError):
        return


def _check_digest(request: Request, body: bytes) -> None:
    """Raises RequestSignatureRefused where the body is not the one that a hospital signed."""
    if not is_signed(request.headers):
        return
    try:
        require_digest(request.headers.get(CONTENT_DIGEST), body)
    except SignatureRefused as error:
        raise RequestSignatureRefused(str(error)) from None


async def _check_keys(request: Request, body: bytes) -> None:
    """Raises InvalidInput for an object with two equal keys, of which the last would win without a word."""
    if "json" not in request.headers.get("content-type", ""):
        return
    if len(body) < SMALL_BODY_BYTES:
        repeated = repeated_key(body)
    else:
        repeated = await run_in_threadpool(repeated_key, body)
    if repeated is not None:
        shown = printable(repeated)
        raise InvalidInput.of_field(shown, "(given twice)", "is given twice in one object", "keep one of the two")


class _Repeated(Exception):
    def __init__(self, key: str) -> None:
        self.key = key


def repeated_key(body: bytes) -> str | None:
    """The first key that an object of the JSON text has twice. What is no JSON is left to the parser."""

    def check(pairs: list[tuple[str, Any]]) -> None:
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _Repeated(key)
            seen.add(key)

    try:
        json.loads(body, object_pairs_hook=check)
    except _Repeated as found:
        return found.key
    except (ValueError, RecursionError):
        return None
    return None


def _too_large(num_bytes: int, most_bytes: int) -> BodyTooLarge:
    most = f"{most_bytes / MIB:g} MiB"
    return BodyTooLarge.of_field(
        "body", f"{num_bytes} bytes or more", f"is larger than {most}", f"send at most {most} to this address"
    )


def _too_slow(seconds: float) -> TooSlow:
    return TooSlow(f"the body did not arrive within {seconds:g} s: send it again over a faster connection")
