"""Single sign-on: the browser leaves for the institution's provider, and comes back to the page `/signed-in`."""

from fastapi import APIRouter, Request, Response

from backend.access.caller import Caller
from backend.dependencies import CallerDep, PlatformDep, ReadSession, WriteSession, client_address
from backend.platform import Platform
from backend.policy import Anybody, OwnAccount
from backend.session_cookies import clear_single_sign_on, read_single_sign_on, set_cookie, set_single_sign_on
from backend.single_sign_on import service
from backend.single_sign_on.schemas import (
    SignInWays,
    SingleSignOnAddress,
    SingleSignOnFinish,
    SingleSignOnRecord,
    SingleSignOnStart,
)
from backend.users import tokens
from backend.users.schemas import SessionRecord
from backend.users.service import caller_of_session
from backend.users.session_records import session_record

public_router = APIRouter(tags=["session"])
router = APIRouter(tags=["session"])

#: The page to which the provider sends the browser back; it is registered there.
RETURN_PAGE = "/signed-in"


@public_router.get("/session/ways")
def get_sign_in_ways(_: Anybody, platform: PlatformDep) -> SignInWays:
    """How one may sign in here, besides name and password."""
    return SignInWays(single_sign_on=None if platform.provider is None else platform.settings.oidc_name)


@public_router.post("/session/single-sign-on")
def start_single_sign_on(
    _: Anybody, body: SingleSignOnStart, request: Request, response: Response, platform: PlatformDep
) -> SingleSignOnAddress:
    """Begin to sign in at the institution's provider (OpenID Connect). The answer sets a cookie for ten minutes."""
    return _start(platform, request, response, body.invitation_code, None)


@public_router.post("/session/single-sign-on/finish")
def finish_single_sign_on(
    _: Anybody, body: SingleSignOnFinish, request: Request, response: Response, platform: PlatformDep
) -> SessionRecord:
    """End a sign-in with what the provider appended to the address. The answer sets the cookie
    `fedsm_session_<port>`."""
    sealed = read_single_sign_on(request, platform.settings)
    returned = service.Returned(body.provider_code, body.state, _return_address(platform, request))
    secret = service.finish(platform, returned, sealed, client_address(request))
    clear_single_sign_on(request, response, platform.settings)
    set_cookie(request, response, platform.settings, secret)
    return session_record(platform.database, caller_of_session(platform.database, platform.settings, secret))


@router.get("/session/single-sign-on")
def get_single_sign_on(_user: OwnAccount, caller: CallerDep, session: ReadSession) -> SingleSignOnRecord:
    """Whether your account is connected with the institution's provider."""
    return SingleSignOnRecord(is_connected=service.is_connected(session, caller))


@router.post("/session/single-sign-on/connect")
def connect_single_sign_on(
    _user: OwnAccount, caller: CallerDep, request: Request, response: Response, platform: PlatformDep
) -> SingleSignOnAddress:
    """Begin to connect your account with the institution's provider: from then on it lets you in."""
    tokens.require_person(caller, "connect an account")
    return _start(platform, request, response, None, caller)


@router.delete("/session/single-sign-on", status_code=204)
def disconnect_single_sign_on(_user: OwnAccount, caller: CallerDep, session: WriteSession) -> None:
    """From now on only name and password let you in."""
    tokens.require_person(caller, "disconnect an account")
    service.disconnect(session, caller)


def _start(
    platform: Platform, request: Request, response: Response, invitation_code: str | None, caller: Caller | None
) -> SingleSignOnAddress:
    address, sealed = service.start(platform, _return_address(platform, request), invitation_code, caller)
    set_single_sign_on(request, response, platform.settings, sealed, service.MINUTES * 60)
    return SingleSignOnAddress(address=address)


def _return_address(platform: Platform, request: Request) -> str:
    """Under the public address, where there is one, else under the one that the browser used."""
    base = platform.settings.public_url or str(request.base_url).rstrip("/")
    return f"{base}{RETURN_PAGE}"
