"""Sign-in by token or by password; sessions that survive a restart and end with their credential."""

import hashlib
import hmac
import secrets
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from backend.access.caller import ADMIN, Caller
from backend.access.matrix import Membership, Role
from backend.clock import now
from backend.db.models import MembershipRow, User, UserSession
from backend.db.session import Database, read_only, unit_of_work
from backend.errors import FedSMError, NotSignedIn, WrongCode, WrongPassword, WrongToken
from backend.events import service as events
from backend.platform import Platform
from backend.settings import Settings
from backend.users import second_factor
from backend.users.passwords import is_password

#: Time between two records of when a user was last seen.
SEEN_STEP = timedelta(minutes=1)


def check_admin_token(token: str, settings: Settings) -> None:
    """Raises WrongToken."""
    if not _equal(token, settings.admin_token.get_secret_value()):
        raise WrongToken("this token is not valid: use the one that the backend's operator gave you")


def check_worker_token(token: str | None, settings: Settings) -> None:
    """Raises NotSignedIn without a token, and WrongToken for another one than this backend's."""
    if token is None:
        raise NotSignedIn("a worker must send its token: set FEDSM_WORKER_TOKEN")
    if not _equal(token, settings.worker_token.get_secret_value()):
        raise WrongToken("this is not the worker token of this backend: set FEDSM_WORKER_TOKEN to the same value here")


def sign_in_by_token(platform: Platform, token: str, address: str) -> str:
    """The cookie's secret of a new session of the administrator. Raises WrongToken, TooManyRequests."""
    platform.rates.require_few_failures(address)
    try:
        check_admin_token(token, platform.settings)
    except WrongToken as error:
        raise _failed(platform, "a token", address, error) from None
    with unit_of_work(platform.database) as session:
        return open_session(session, platform.settings, None)


def sign_in_by_password(platform: Platform, name: str, password: str, code: str | None, address: str) -> str:
    """The cookie's secret of a new session. code: of the second factor, needed where the user has one.

    Raises WrongPassword, which does not say which of the two is wrong, SecondFactorNeeded, WrongCode,
    TooManyRequests."""
    platform.rates.require_few_failures(address)
    with read_only(platform.database) as session:
        user = find_user(session, name)
    if not is_password(password, None if user is None else user.password_hash):
        error = WrongPassword("there is no user with this name and this password: check both")
        raise _failed(platform, "a password", address, error)
    assert user is not None
    pass_second_factor(platform, user, code, address)
    with unit_of_work(platform.database) as session:
        return open_session(session, platform.settings, user)


def pass_second_factor(platform: Platform, user: User, code: str | None, address: str) -> None:
    """Nothing happens where the user has none. Raises SecondFactorNeeded, WrongCode."""
    try:
        with unit_of_work(platform.database) as session:
            second_factor.check(session, platform.server_key, user, code)
    except WrongCode as error:
        raise _failed(platform, "a code of the second factor", address, error) from None


def find_user(session: Session, name: str) -> User | None:
    """By the name with which one signs in, in any case. One that was removed is not found."""
    return session.scalar(select(User).where(User.name == name.strip().lower(), User.removed_at.is_(None)))


def _failed(platform: Platform, what: str, address: str, error: FedSMError) -> FedSMError:
    """Counts it, and shows the 1st, 2nd, 5th, 10th, 20th, ... of an hour in the activity."""
    count = platform.rates.count_failure(address)
    if str(count).rstrip("0") in ("1", "2", "5"):
        message = f"A sign-in from {address} failed: {what} was wrong. It was number {count} within the hour."
        with unit_of_work(platform.database) as session:
            events.record(session, "user", message, events.BACKEND, level="warning")
    return error


def open_session(session: Session, settings: Settings, user: User | None, is_single_sign_on: bool = False) -> str:
    """The cookie's secret, which is stored only as a hash. user: None for the administrator's token."""
    secret = secrets.token_urlsafe(32)
    session.execute(delete(UserSession).where(UserSession.expires_at < now()))
    name = ADMIN if user is None else user.name
    row = UserSession(
        token_sha256=_hash(secret),
        user=name,
        user_id=None if user is None else user.id,
        proof=_proof(secret, settings, user),
        created_at=now(),
        expires_at=now() + timedelta(days=settings.session_days),
        is_single_sign_on=is_single_sign_on,
    )
    session.add(row)
    events.record(session, "user", f"{name} signed in.", name)
    return secret


def caller_of_session(database: Database, settings: Settings, secret: str | None) -> Caller:
    """Raises NotSignedIn."""
    with read_only(database) as session:
        row = session.get(UserSession, _hash(secret)) if secret else None
        if row is None or secret is None or row.expires_at < now():
            raise NotSignedIn("you are not signed in: sign in with your name and password, or with a token")
        user = None if row.user_id is None else session.get(User, row.user_id)
        if (row.user_id is not None and (user is None or user.removed_at is not None)) or not hmac.compare_digest(
            row.proof, _proof(secret, settings, user)
        ):
            raise NotSignedIn("your sign-in has ended, because the token or the password changed: sign in again")
        caller = caller_of_user(session, settings, user, "session", row.token_sha256)
        if row.is_single_sign_on:  # its provider asks for what it holds necessary
            caller = replace(caller, lacks_second_factor=False)
    _note_seen(database, user)
    return caller


def caller_of_user(
    session: Session, settings: Settings, user: User | None, way: str, credential: str, scope: str = "all"
) -> Caller:
    """user: None for the administrator's token."""
    more = {"way": way, "credential": credential, "scope": scope}
    if user is None:
        return Caller(ADMIN, None, True, (), **more)  # type: ignore[arg-type]  # the columns hold these words only
    rows = session.scalars(select(MembershipRow).where(MembershipRow.user_id == user.id))
    members = tuple(Membership(row.federation_id, Role(row.role), row.site_id) for row in rows)
    required = second_factor.is_required(session, settings, user.administers)
    lacks = required and not second_factor.has(session, user.id)
    return Caller(user.name, user.id, user.administers, members, lacks_second_factor=lacks, **more)  # type: ignore[arg-type]


def _note_seen(database: Database, user: User | None) -> None:
    if user is None or (user.last_seen_at is not None and user.last_seen_at > now() - SEEN_STEP):
        return
    with unit_of_work(database) as session:
        seen = session.get(User, user.id)
        if seen is not None:
            seen.last_seen_at = now()


def close_session(session: Session, secret: str | None) -> None:
    """Signing out twice is harmless."""
    if secret:
        session.execute(delete(UserSession).where(UserSession.token_sha256 == _hash(secret)))


def close_sessions(session: Session, user_id: str | None, but: str | None = None) -> int:
    """All of a user, or of the administrator's token; `but`: the credential of one that stays. Gives their number."""
    query = delete(UserSession).where(UserSession.user_id == user_id)
    if user_id is None:
        query = delete(UserSession).where(UserSession.user_id.is_(None))
    if but is not None:
        query = query.where(UserSession.token_sha256 != but)
    return int(session.execute(query).rowcount)  # type: ignore[attr-defined]  # a result of DELETE has it


def renew_proof(session: Session, settings: Settings, secret: str, user: User) -> None:
    """The session that changed the password goes on."""
    row = session.get(UserSession, _hash(secret))
    if row is not None:
        row.proof = _proof(secret, settings, user)


def _proof(secret: str, settings: Settings, user: User | None) -> str:
    """Of the credential, under a key that is stored nowhere."""
    credential = settings.admin_token.get_secret_value() if user is None else user.password_hash
    return hmac.new(secret.encode(), credential.encode(), hashlib.sha256).hexdigest()


def _equal(given: str, expected: str) -> bool:
    """In constant time; an empty expected token lets nobody in."""
    return bool(expected) and hmac.compare_digest(given.encode(), expected.encode())


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
