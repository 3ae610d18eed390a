"""What endpoints ask for, as Annotated aliases."""

from collections.abc import AsyncIterator
from typing import Annotated

from anyio import CancelScope, CapacityLimiter, to_thread
from fastapi import Depends, Request, Security
from fastapi.concurrency import contextmanager_in_threadpool, run_in_threadpool
from fastapi.security import APIKeyCookie, HTTPBearer
from sqlalchemy.orm import Session

from backend.access.caller import ADMIN, Caller
from backend.artifacts.store import ArtifactStore
from backend.db.session import unit_of_work
from backend.errors import CredentialEnded, RequestSignatureRefused
from backend.platform import Platform
from backend.settings import Settings
from backend.sites.enrolment import copies
from backend.sites.enrolment.identity import CentralWorker, ReplacedKeyInUse, WorkerIdentity, identify_site, is_signed
from backend.users import service as users
from backend.users import tokens

#: For the OpenAPI document: how a request says whose it is. What they find is read from the request itself.
USER_TOKEN = HTTPBearer(
    auto_error=False, scheme_name="token", description="The administrator's token, or a personal one (POST /tokens)."
)
WORKER_TOKEN = HTTPBearer(
    auto_error=False, scheme_name="workerToken", description="FEDSM_WORKER_TOKEN: for the worker API alone."
)
USER_COOKIE = APIKeyCookie(
    name="fedsm_session_8000",
    auto_error=False,
    scheme_name="cookie",
    description="What POST /session sets. Its name ends with FEDSM_PORT: two platforms on one machine keep theirs.",
)
#: In a request's scope: its WorkerIdentity, once it is known.
WORKER_OF_REQUEST = "fedsm_worker"


def session_cookie(settings: Settings, scheme: str = "http") -> str:
    """The cookie's name. Browsers do not tell the ports of a host apart, so the name does; under TLS its beginning
    tells them that no other host, and no page without TLS, may set it."""
    return f"{'__Host-' if scheme == 'https' else ''}fedsm_session_{settings.port}"


# These only look something up: as coroutines they need no thread of their own.
async def get_platform(request: Request) -> Platform:
    platform: Platform = request.app.state.platform
    return platform


PlatformDep = Annotated[Platform, Depends(get_platform)]


async def get_settings(platform: PlatformDep) -> Settings:
    return platform.settings


async def get_artifacts(platform: PlatformDep) -> ArtifactStore:
    return platform.artifacts


async def get_write_session(platform: PlatformDep) -> AsyncIterator[Session]:
    database = platform.database
    async with database.places, contextmanager_in_threadpool(unit_of_work(database)) as session:
        yield session


async def get_read_session(platform: PlatformDep) -> AsyncIterator[Session]:
    """It asks the database for nothing until its first statement; its end may wait for the database, but not for a
    thread: those that have all threads may be waiting for the connection that it gives back."""
    session = platform.database.sessions()
    try:
        yield session
    finally:
        with CancelScope(shield=True):
            await to_thread.run_sync(session.close, limiter=CapacityLimiter(1))


SettingsDep = Annotated[Settings, Depends(get_settings)]
ArtifactsDep = Annotated[ArtifactStore, Depends(get_artifacts)]
# scope="function": the commit comes before the answer, so that the caller finds what the answer speaks of.
WriteSession = Annotated[Session, Depends(get_write_session, scope="function")]
ReadSession = Annotated[Session, Depends(get_read_session, scope="function")]


def bearer_token(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token else None


def session_secret(request: Request, settings: Settings) -> str | None:
    """What the cookie holds."""
    return request.cookies.get(session_cookie(settings, request.url.scheme))


def client_address(request: Request) -> str:
    """Of the machine that asks; behind a proxy that uvicorn trusts (FORWARDED_ALLOW_IPS) the one that it names."""
    return request.client.host if request.client is not None else "an unknown address"


def authenticate(request: Request, platform: Platform) -> Caller:
    """Whose credential the request carries, as it is now. Raises NotSignedIn, WrongToken."""
    token = bearer_token(request)
    if token is None:
        return users.caller_of_session(platform.database, platform.settings, session_secret(request, platform.settings))
    if token.startswith(tokens.PREFIX):
        return tokens.caller_of(platform.database, platform.settings, token)
    users.check_admin_token(token, platform.settings)
    return Caller(ADMIN, None, True, (), "admin_token", credential=ADMIN)


async def get_caller(
    request: Request,
    platform: PlatformDep,
    _token: Annotated[object, Security(USER_TOKEN)] = None,
    _cookie: Annotated[object, Security(USER_COOKIE)] = None,
) -> Caller:
    """Of the request alone, so that a long stream holds no database session. Looked up once a request, and in a thread
    only where the database is asked: each way to a thread and back waits for all others that compute."""
    if not hasattr(request.state, "caller"):
        token = bearer_token(request)
        if token is None or token.startswith(tokens.PREFIX):
            request.state.caller = await run_in_threadpool(authenticate, request, platform)
        else:
            request.state.caller = authenticate(request, platform)
    caller: Caller = request.state.caller
    return caller


CallerDep = Annotated[Caller, Depends(get_caller)]


def _site_of(request: Request, platform: Platform) -> WorkerIdentity:
    """Raises what `identify_site` raises, and TooManyRequests."""
    address = client_address(request)
    platform.rates.require_few_unknown_signatures(address)
    try:
        return identify_site(request, platform.database, platform.nonces)
    except RequestSignatureRefused:
        platform.rates.count_unknown_signature(address)
        raise
    except ReplacedKeyInUse as ended:
        if (stopped := copies.note_replaced(platform.database, ended)) is not None:
            raise stopped from None
        raise CredentialEnded(ended.detail) from None


async def get_worker(
    request: Request, platform: PlatformDep, _token: Annotated[object, Security(WORKER_TOKEN)] = None
) -> WorkerIdentity:
    """Who works: looked at once a request, because a signature counts once; that alone asks the database."""
    found: WorkerIdentity | None = request.scope.get(WORKER_OF_REQUEST)
    if found is None:
        if is_signed(request.headers):
            found = await run_in_threadpool(_site_of, request, platform)
        else:
            users.check_worker_token(bearer_token(request), platform.settings)
            found = CentralWorker()
        request.scope[WORKER_OF_REQUEST] = found
    return found
