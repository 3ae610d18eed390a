"""Who calls the worker API: a central worker by the shared token, or a hospital's agent by its signature."""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from starlette.requests import Request

from backend.contracts.artifacts import SHA256_PATTERN
from backend.db.models import Site, SiteCredential
from backend.db.session import Database, read_only
from backend.errors import AgentOutdated, CredentialEnded, CredentialStopped, RequestSignatureRefused, SiteNotAccepted
from backend.link import signatures
from backend.link.keys import PublicKey
from backend.link.versions import AGENT_HEADER, protocol_problem
from backend.queue import site_queue

#: Between site and worker in the name of a hospital's worker; in no other's.
SITE_MARK = "/"
ARTIFACTS = "/worker-api/v1/artifacts/"
#: Nonces that are remembered at a time; beyond it requests are refused rather than repeated ones let in.
MAX_NONCES = 200_000
EMPTY = signatures.content_digest(b"")
#: Why a credential ended that the site's own new key followed.
KEY_REPLACED = "the site made a new key"


class ReplacedKeyInUse(CredentialEnded):
    """A request is signed with a key that the site's own new key followed. To be answered as its base."""

    def __init__(self, detail: str, credential_id: str) -> None:
        super().__init__(detail)
        self.credential_id = credential_id


@dataclass(frozen=True)
class CentralWorker:
    """One of the hub's own, in its trust zone."""


@dataclass(frozen=True)
class SiteWorker:
    """A hospital's agent, for all workers there."""

    site_id: str
    slug: str
    queue: str
    credential_id: str

    def named(self, worker: str) -> str:
        """A worker's name as the hub keeps it: nobody else's worker has it."""
        return f"{self.slug}{SITE_MARK}{worker}"[:100]


WorkerIdentity = CentralWorker | SiteWorker


class Nonces:
    """Those of the requests that may still be sent again, by one process. One from before its start is refused by its
    time: the process cannot know which it has seen."""

    def __init__(self, started_at: float) -> None:
        self._started_at = started_at
        self._lock = threading.Lock()
        self._seen: OrderedDict[tuple[str, str], float] = OrderedDict()

    def use(self, key: str, nonce: str, created: int, now: float) -> None:
        """Raises RequestSignatureRefused for a request that was sent before."""
        if created < int(self._started_at):
            raise RequestSignatureRefused("the request was signed before the hub started: sign it again")
        with self._lock:
            while self._seen and next(iter(self._seen.values())) < now:
                self._seen.popitem(last=False)
            if (key, nonce) in self._seen:
                raise RequestSignatureRefused("the request was sent before: sign each request anew")
            if len(self._seen) >= MAX_NONCES:
                raise RequestSignatureRefused("the hub is asked too much just now: try again in a minute")
            self._seen[key, nonce] = now + signatures.MAX_AGE_SECONDS + signatures.MAX_AHEAD_SECONDS


def is_signed(headers: Any) -> bool:
    return signatures.SIGNATURE_INPUT in headers


def identify_site(request: Request, database: Database, nonces: Nonces) -> SiteWorker:
    """Whose signature it is, by the head of the request alone. Raises RequestSignatureRefused, AgentOutdated,
    SiteNotAccepted, CredentialStopped, CredentialEnded."""
    headers = request.headers
    if (problem := protocol_problem(headers.get(AGENT_HEADER))) is not None:
        raise AgentOutdated(problem)
    try:
        signed = signatures.read_signature(headers)
        with read_only(database) as session:
            found = session.execute(
                select(SiteCredential, Site)
                .join(Site, Site.id == SiteCredential.site_id)
                .where(SiteCredential.fingerprint == signed.key)
            ).one_or_none()
        if found is None:
            raise RequestSignatureRefused("the hub does not know this key: join with a kit from the coordinator")
        credential, site = found
        verify(request, PublicKey.from_text(credential.public_key), signed)
    except signatures.SignatureRefused as error:
        raise RequestSignatureRefused(str(error)) from None
    nonces.use(signed.key, signed.nonce, signed.created, time.time())
    _require_active(credential)
    return SiteWorker(site.id, site.slug, site_queue(site.kind, site.slug), credential.id)


def verify(request: Request, key: PublicKey, signed: signatures.Signed) -> None:
    """Raises SignatureRefused. The body, which is not here yet, is compared with its digest when it is."""
    scope = request.scope
    path = (scope.get("raw_path") or scope["path"].encode()).split(b"?")[0].decode("ascii", "replace")
    query = scope["query_string"].decode("ascii", "replace")
    protocol = int(request.headers[AGENT_HEADER])  # `protocol_problem` has looked at it
    signatures.verify_request(signed, key, request.method, path, query, request.headers, protocol)
    signatures.require_recent(signed.created, time.time())
    digest = request.headers.get(signatures.CONTENT_DIGEST)
    if not has_body(request):
        signatures.require_digest(digest, b"")
    elif request.method == "PUT" and path.startswith(ARTIFACTS):
        _require_addressed(path.removeprefix(ARTIFACTS), digest)


def _require_addressed(address: str, digest: str | None) -> None:
    """A body that is not read at once hashes to its address, as the store sees for itself."""
    if not SHA256_PATTERN.fullmatch(address) or digest != signatures.digest_header(bytes.fromhex(address)):
        raise signatures.SignatureRefused("the content that was signed has another address: send the artifact's own")


def has_body(request: Request) -> bool:
    return request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers


def _require_active(credential: SiteCredential) -> None:
    match credential.status:
        case "active":
            return
        case "pending":
            raise SiteNotAccepted("the site has asked to join: read the six words to the coordinator, who accepts it")
        case "stopped":
            raise CredentialStopped(
                "this site's credential is in use twice: both copies wait until the coordinator decides"
            )
    detail = f"this credential is not valid any more ({credential.reason}): ask for a new kit"
    raise ReplacedKeyInUse(detail, credential.id) if credential.reason == KEY_REPLACED else CredentialEnded(detail)
