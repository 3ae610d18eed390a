"""Signs each request to the hub with the site's key, and verifies that the hub signed the answer."""

from collections.abc import Generator

import httpx

from backend.link import signatures
from backend.link.keys import PublicKey, SigningKey
from backend.link.versions import AGENT_HEADER, PROTOCOL

#: In a request's extensions: the SHA-256 of a body that is sent as a stream.
BODY_SHA256 = "fedsm_sha256"


class SignedRequests(httpx.Auth):
    """Signs anew each time a request is sent, so that one that is sent again is no replay."""

    def __init__(self, key: SigningKey, base_url: str) -> None:
        """base_url: the hub's address; a path in it is the reverse proxy's, and not signed."""
        self._key = key
        self._prefix = httpx.URL(base_url).raw_path.decode().rstrip("/")

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Adds the signature."""
        path, _, query = request.url.raw_path.decode().removeprefix(self._prefix).partition("?")
        request.headers[AGENT_HEADER] = str(PROTOCOL)
        sha256: bytes | None = request.extensions.get(BODY_SHA256)
        digest = signatures.content_digest(request.content) if sha256 is None else signatures.digest_header(sha256)
        request.headers.update(signatures.sign_request(self._key, request.method, path, query, request.headers, digest))
        yield request


def require_signed(key: PublicKey, response: httpx.Response) -> None:
    """Raises SignatureRefused for an answer that is not the hub's to this very request."""
    asked = response.request.headers[signatures.SIGNATURE]
    signatures.verify_answer(key, response.status_code, response.headers, response.content, asked)
