"""HTTP message signatures (RFC 9421) with Ed25519, and content digests (RFC 9530): the one form that hub and sites use.

A request's signature covers its method, path, query, the digest of its content, and the headers that change what it
does. An answer's covers its status, the digest of its content, and the signature of the request: an answer to another
request, or an older one, is never taken for this one's.

Paths are those below the hub's address: a reverse proxy may put the hub under a prefix.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from backend.link.keys import PublicKey, SigningKey

LABEL = "fedsm"
ALGORITHM = "ed25519"
#: Seconds: a signature is refused when it is older, or further ahead of the reader's clock.
MAX_AGE_SECONDS = 120
MAX_AHEAD_SECONDS = 60
NONCE_BYTES = 16
SIGNATURE, SIGNATURE_INPUT, CONTENT_DIGEST = "signature", "signature-input", "content-digest"

#: Headers that change what a request does: covered where a request has them, and not allowed uncovered.
REQUEST_HEADERS = ("content-type", "content-range", "x-fedsm-task", "x-fedsm-agent", "range")
#: Headers that agents of earlier protocols send uncovered, and the protocol from which that is refused.
COVERED_FROM = {"content-range": 4}
ALWAYS_COVERED = ('"@method"', '"@path"', '"@query"', f'"{CONTENT_DIGEST}"')
ANSWER_COMPONENTS = ('"@status"', f'"{CONTENT_DIGEST}"', f'"{SIGNATURE}";req;key="{LABEL}"')

_INPUT = re.compile(
    rf'{LABEL}=(?P<params>\((?P<components>[^()]*)\);created=(?P<created>\d{{1,12}});keyid="(?P<key>[0-9a-f]{{64}})"'
    rf';alg="{ALGORITHM}"(?:;nonce="(?P<nonce>[A-Za-z0-9+/=]{{20,64}})")?)'
)
_SIGNATURE = re.compile(rf"{LABEL}=:(?P<signature>[A-Za-z0-9+/=]{{88}}):")


class SignatureRefused(Exception):
    """Its text says why. The sender's own fault, or somebody's on the way."""


class ClockDiffers(SignatureRefused):
    """seconds: how far the signer's clock is ahead of the reader's; negative: behind."""

    def __init__(self, seconds: int) -> None:
        ahead = "ahead" if seconds > 0 else "behind"
        super().__init__(
            f"the signature's time is {abs(seconds)} s {ahead} of this machine's clock: set both clocks, as with NTP, "
            "or the message was sent twice"
        )
        self.seconds = seconds


@dataclass(frozen=True)
class Signed:
    """What a message says of its signature, before it is verified."""

    key: str
    created: int
    nonce: str
    params: str
    components: tuple[str, ...]
    signature: bytes
    text: str


def content_digest(content: bytes) -> str:
    """The header's value."""
    return digest_header(hashlib.sha256(content).digest())


def digest_header(sha256: bytes) -> str:
    return f"sha-256=:{base64.b64encode(sha256).decode()}:"


def require_digest(header: str | None, content: bytes) -> None:
    """Raises SignatureRefused where the content is not the one that was signed."""
    if not hmac.compare_digest((header or "").encode(), content_digest(content).encode()):
        raise SignatureRefused("the content is not the one that was signed: it was changed on the way, send it again")


def signature_base(lines: list[tuple[str, str]], params: str) -> bytes:
    """The text that is signed: a line for each component, then the parameters (RFC 9421, 2.5)."""
    covered = [f"{component}: {value}" for component, value in lines]
    return "\n".join([*covered, f'"@signature-params": {params}']).encode()


def sign_request(
    key: SigningKey,
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    digest: str,
    now: Callable[[], float] = time.time,
) -> dict[str, str]:
    """The headers to add. path: as `/worker-api/v1/poll`, percent-encoded. query: without its question mark."""
    nonce = base64.b64encode(secrets.token_bytes(NONCE_BYTES)).decode()
    lines = _request_lines(method, path, query, headers, digest)
    params = _params(tuple(name for name, _ in lines), key.public, now, nonce)
    base = signature_base(lines, params)
    return {CONTENT_DIGEST: digest} | _headers(params, key.sign(base))


def verify_request(
    signed: Signed, key: PublicKey, method: str, path: str, query: str, headers: Mapping[str, str], protocol: int
) -> None:
    """Raises SignatureRefused. protocol: the agent's, which the caller has looked at. Whether the nonce is new is for
    the caller to see."""
    lines = _request_lines(method, path, query, headers, headers.get(CONTENT_DIGEST, ""))
    lines = [line for line in lines if line[0] in signed.components or not _may_stay_uncovered(line[0], protocol)]
    wanted = tuple(name for name, _ in lines)
    if signed.components != wanted or not signed.nonce:
        raise SignatureRefused(f"the signature must cover {', '.join(wanted)} and have a nonce: update the agent")
    _verify(signed, key, lines)


def sign_answer(
    key: SigningKey, status: int, content: bytes, request: str, now: Callable[[], float] = time.time
) -> dict[str, str]:
    """The headers to add. request: the request's own `signature` header."""
    params = _params(ANSWER_COMPONENTS, key.public, now, None)
    digest = content_digest(content)
    base = signature_base(_answer_lines(status, digest, request), params)
    return {CONTENT_DIGEST: digest} | _headers(params, key.sign(base))


def verify_answer(key: PublicKey, status: int, headers: Mapping[str, str], content: bytes, request: str) -> None:
    """Raises SignatureRefused for an answer that the holder of the key did not give to this request."""
    signed = read_signature(headers)
    if signed.key != key.fingerprint:
        raise SignatureRefused("the answer is signed with another key than this hub's: somebody stands in between")
    if signed.components != ANSWER_COMPONENTS:
        raise SignatureRefused("the answer's signature does not cover all of it: somebody stands in between")
    _verify(signed, key, _answer_lines(status, headers.get(CONTENT_DIGEST, ""), request))
    require_digest(headers.get(CONTENT_DIGEST), content)


def read_signature(headers: Mapping[str, str]) -> Signed:
    """Raises SignatureRefused where there is none in our form."""
    described = _INPUT.fullmatch(headers.get(SIGNATURE_INPUT, ""))
    text = headers.get(SIGNATURE, "")
    found = _SIGNATURE.fullmatch(text)
    if described is None or found is None:
        raise SignatureRefused("there is no signature that can be read: a proxy removed it, or the sender made none")
    try:
        signature = base64.b64decode(found["signature"], validate=True)
    except binascii.Error:
        raise SignatureRefused("the signature is no base64: it was changed on the way, send it again") from None
    return Signed(
        key=described["key"],
        created=int(described["created"]),
        nonce=described["nonce"] or "",
        params=described["params"],
        components=tuple(described["components"].split(" ")),
        signature=signature,
        text=text,
    )


def require_recent(created: int, now: float) -> None:
    """Raises ClockDiffers."""
    ahead = created - int(now)
    if ahead > MAX_AHEAD_SECONDS or ahead < -MAX_AGE_SECONDS:
        raise ClockDiffers(ahead)


def _may_stay_uncovered(component: str, protocol: int) -> bool:
    return protocol < COVERED_FROM.get(component.strip('"'), 0)


def _verify(signed: Signed, key: PublicKey, lines: list[tuple[str, str]]) -> None:
    if not key.verifies(signed.signature, signature_base(lines, signed.params)):
        raise SignatureRefused("the signature does not fit the message: it was changed on the way, send it again")


def _params(components: tuple[str, ...], key: PublicKey, now: Callable[[], float], nonce: str | None) -> str:
    said = f'({" ".join(components)});created={int(now())};keyid="{key.fingerprint}";alg="{ALGORITHM}"'
    return said if nonce is None else f'{said};nonce="{nonce}"'


def _headers(params: str, signature: bytes) -> dict[str, str]:
    return {SIGNATURE_INPUT: f"{LABEL}={params}", SIGNATURE: f"{LABEL}=:{base64.b64encode(signature).decode()}:"}


def _request_lines(
    method: str, path: str, query: str, headers: Mapping[str, str], digest: str
) -> list[tuple[str, str]]:
    lines = list(zip(ALWAYS_COVERED, (method.upper(), path, f"?{query}", digest), strict=True))
    return lines + [(f'"{name}"', headers[name].strip()) for name in REQUEST_HEADERS if name in headers]


def _answer_lines(status: int, digest: str, request: str) -> list[tuple[str, str]]:
    return list(zip(ANSWER_COMPONENTS, (str(status), digest, _of_label(request)), strict=True))


def _of_label(signature_header: str) -> str:
    """`;key=` names one member of the header's dictionary; of a signature it is `:base64:`."""
    return signature_header.removeprefix(f"{LABEL}=")
