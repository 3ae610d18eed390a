"""Signing in by an institution's own provider: started in a browser, finished in the same one."""

import base64
import json
import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.access.caller import Caller
from backend.clock import now
from backend.db.models import User, UserIdentity
from backend.db.session import unit_of_work
from backend.errors import Conflict, InvalidInput, NameTaken, NotFound, SignInRefused
from backend.events import service as events
from backend.platform import Platform
from backend.single_sign_on import groups
from backend.users import accounts, invitations
from backend.users.passwords import hash_password
from backend.users.service import open_session

if TYPE_CHECKING:
    from backend.identity_provider import Identity, Provider

#: Between leaving for the provider and coming back.
MINUTES = 10


@dataclass(frozen=True)
class Started:
    """What the browser keeps, sealed, until it comes back. user_id: of somebody signed in who connects the account."""

    state: str
    nonce: str
    verifier: str
    invitation_code: str | None
    user_id: str | None


@dataclass(frozen=True)
class Returned:
    """With what the browser comes back. address: of the page, as it was given to the provider."""

    code: str
    state: str
    address: str


def require_provider(platform: Platform) -> "Provider":
    """Raises NotFound."""
    if platform.provider is None:
        raise NotFound("single sign-on is not set up here: sign in with name and password")
    return platform.provider


def start(
    platform: Platform, return_address: str, invitation_code: str | None, caller: Caller | None
) -> tuple[str, str]:
    """Where the browser goes, and what it keeps in a cookie meanwhile."""
    started = Started(
        state=secrets.token_urlsafe(24),
        nonce=secrets.token_urlsafe(24),
        verifier=secrets.token_urlsafe(48),
        invitation_code=invitation_code,
        user_id=None if caller is None else caller.user_id,
    )
    address = require_provider(platform).address(return_address, started.state, started.nonce, started.verifier)
    return address, _box(platform).encrypt(json.dumps(asdict(started)).encode()).decode()


def finish(platform: Platform, returned: Returned, sealed: str | None, client: str) -> str:
    """The cookie's secret of a new session. Raises SignInRefused with what to do, and ProviderUnavailable."""
    started = _opened(platform, sealed)
    if started is None or not secrets.compare_digest(started.state.encode(), returned.state.encode()):
        raise SignInRefused(
            f"this sign-in was not begun in this browser, or more than {MINUTES} minutes ago: begin it again"
        )
    identity = require_provider(platform).identity(returned.code, returned.address, started.nonce, started.verifier)
    with unit_of_work(platform.database) as session:
        held = groups.held_by(platform.settings.rules_of_groups, identity.groups)
        user = _user_of(session, platform, started, identity, client, is_expected=bool(held))
        groups.apply(session, user, held)
        return open_session(session, platform.settings, user, is_single_sign_on=True)


def _user_of(
    session: Session, platform: Platform, started: Started, identity: "Identity", client: str, is_expected: bool
) -> User:
    """is_expected: a group that the person is in has a role here, so that no invitation is needed."""
    row = session.get(UserIdentity, (identity.issuer, identity.subject))
    known = None if row is None else session.get(User, row.user_id)
    if known is not None and known.removed_at is not None:
        raise SignInRefused(f"the account {known.name!r} was removed: ask an administrator for an invitation")
    if started.user_id is not None:
        return _connected(session, started.user_id, known, identity)
    if started.invitation_code is not None:
        user = invitations.accept_as(session, platform, started.invitation_code, known, identity.name, client)
        if known is None:
            _add(session, user, identity)
        return user
    if known is None and is_expected:
        return _added(session, identity)
    if known is None:
        who = identity.name or "this account"
        raise SignInRefused(
            f"nobody here is known as {who}: open the link of an invitation, or sign in with name and password and "
            "connect the account in the menu under your name"
        )
    return known


def _added(session: Session, identity: "Identity") -> User:
    """Nobody knows the password; a link of an administrator can set one."""
    name = identity.name or identity.subject
    try:
        user = accounts.add_user(session, name, hash_password(secrets.token_urlsafe(32)), events.BACKEND)
    except (NameTaken, InvalidInput):
        raise SignInRefused(
            f"the name {name!r} is taken here: sign in with name and password and connect the account in the menu "
            "under your name, or ask an administrator"
        ) from None
    _add(session, user, identity)
    return user


def _connected(session: Session, user_id: str, known: User | None, identity: "Identity") -> User:
    user = accounts.get_user(session, user_id)
    if known is not None and known.id != user.id:
        raise SignInRefused(f"this account of the provider is connected with {known.name!r} already")
    if known is None:
        _add(session, user, identity)
    return user


def _add(session: Session, user: User, identity: "Identity") -> None:
    session.add(UserIdentity(issuer=identity.issuer, subject=identity.subject, user_id=user.id, created_at=now()))
    message = f"{user.name} signs in by single sign-on from now on, as {identity.name or identity.subject}."
    events.record(session, "user", message, user.name)


def is_connected(session: Session, caller: Caller) -> bool:
    query = select(UserIdentity.subject).where(UserIdentity.user_id == caller.user_id)
    return session.scalars(query).first() is not None


def disconnect(session: Session, caller: Caller) -> None:
    """What the provider's groups gave ends with it, because no sign-in there can take it away any more. Raises Conflict
    where the account is connected with none."""
    if caller.user_id is None or not accounts.remove_identities(session, caller.user_id):
        raise Conflict("this account is connected with no provider")
    groups.apply(session, accounts.get_user(session, caller.user_id), ())
    events.record(session, "user", f"{caller.name} does not sign in by single sign-on any more.", caller.name)


def _opened(platform: Platform, sealed: str | None) -> Started | None:
    try:
        return Started(**json.loads(_box(platform).decrypt((sealed or "").encode(), ttl=MINUTES * 60)))
    except InvalidToken:
        return None


def _box(platform: Platform) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(platform.server_key.derive(b"fedsm single sign-on")))
