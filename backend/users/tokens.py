"""Personal tokens: made by a person for a script, valid for some days, shown once, revoked at any time."""

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from backend.access.caller import Caller
from backend.access.matrix import Scope
from backend.clock import now
from backend.db.models import ApiToken, User
from backend.db.session import Database, read_only, unit_of_work
from backend.errors import Forbidden, NotFound, WrongToken
from backend.events import service as events
from backend.settings import Settings
from backend.users.service import caller_of_user

#: Personal tokens begin with this, so that one that is found in a file can be recognized.
PREFIX = "fedsm_"
HINT_LENGTH = len(PREFIX) + 4
#: Time between two records of a token's last use.
USE_STEP = timedelta(minutes=1)


def require_person(caller: Caller, what: str) -> None:
    """A script makes nothing that outlives its own token: no token, no invitation, no password. Raises Forbidden."""
    if caller.way == "token":
        raise Forbidden(f"a personal token may not {what}: sign in at the browser, or use the administrator's token")


def create_token(session: Session, caller: Caller, name: str, days: int, scope: Scope) -> tuple[ApiToken, str]:
    """The row, and the token itself, which nobody can read again. Raises Forbidden for a caller that is a token."""
    require_person(caller, "make a token")
    token = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(
        token_sha256=_hash(token),
        hint=token[:HINT_LENGTH],
        name=name,
        user=caller.name,
        user_id=caller.user_id,
        scope=scope,
        created_at=now(),
        expires_at=now() + timedelta(days=days),
    )
    session.add(row)
    session.flush()
    may = ", which may only read" if scope == "read" else ""
    events.record(session, "user", f"{caller.name} made the token {name!r}{may}, valid for {days} days.", caller.name)
    return row, token


def list_tokens(session: Session, user_id: str | None) -> list[ApiToken]:
    """The newest first; expired ones too, until they are revoked. user_id: None for the administrator's token."""
    query = select(ApiToken).where(_of(user_id)).order_by(ApiToken.created_at.desc(), ApiToken.id)
    return list(session.scalars(query))


def revoke_token(session: Session, user_id: str | None, token_id: str, actor: str) -> None:
    """Raises NotFound for a token that is not the user's."""
    row = session.scalar(select(ApiToken).where(ApiToken.id == token_id, _of(user_id)))
    if row is None:
        raise NotFound(f"there is no token {token_id!r} of this user")
    session.delete(row)
    whose = "" if row.user == actor else f" of {row.user}"
    events.record(session, "user", f"{actor} revoked the token {row.name!r}{whose}.", actor)


def caller_of(database: Database, settings: Settings, token: str) -> Caller:
    """Raises WrongToken. Notes the use."""
    with read_only(database) as session:
        row = session.scalars(select(ApiToken).where(ApiToken.token_sha256 == _hash(token))).one_or_none()
        user = session.get(User, row.user_id) if row is not None and row.user_id is not None else None
        if row is None or (user is not None and user.removed_at is not None):
            raise WrongToken("this token is not valid, or was revoked: make a new one under Access tokens")
        if row.expires_at < now():
            raise WrongToken(f"the token {row.name!r} expired on {row.expires_at:%Y-%m-%d}: make a new one")
        caller = caller_of_user(session, settings, user, "token", row.token_sha256, row.scope)
        token_id, used_at = row.id, row.last_used_at
    if used_at is None or used_at < now() - USE_STEP:
        with unit_of_work(database) as session:
            used = session.get(ApiToken, token_id)
            if used is not None:
                used.last_used_at = now()
    return caller


def _of(user_id: str | None) -> ColumnElement[bool]:
    return ApiToken.user_id.is_(None) if user_id is None else ApiToken.user_id == user_id


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
