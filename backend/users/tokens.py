"""Personal tokens: made for a script, valid for some days, shown once, revoked at any time."""

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.clock import now
from backend.db.models import ApiToken
from backend.db.session import Database, read_only, unit_of_work
from backend.errors import NotFound, WrongToken
from backend.events import service as events

#: Personal tokens begin with this, so that one that is found in a file can be recognized.
PREFIX = "fedsm_"
HINT_LENGTH = len(PREFIX) + 4
#: Time between two records of a token's last use.
USE_STEP = timedelta(minutes=1)


def create_token(session: Session, user: str, name: str, days: int) -> tuple[ApiToken, str]:
    """The row, and the token itself, which nobody can read again."""
    token = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(
        token_sha256=_hash(token),
        hint=token[:HINT_LENGTH],
        name=name,
        user=user,
        created_at=now(),
        expires_at=now() + timedelta(days=days),
    )
    session.add(row)
    session.flush()
    events.record(session, "user", f"{user} made the token {name!r}, valid for {days} days.", user)
    return row, token


def list_tokens(session: Session, user: str) -> list[ApiToken]:
    """The newest first; expired ones too, until they are revoked."""
    query = select(ApiToken).where(ApiToken.user == user).order_by(ApiToken.created_at.desc(), ApiToken.id)
    return list(session.scalars(query))


def revoke_token(session: Session, user: str, token_id: str) -> None:
    """Raises NotFound for a token that is not the user's."""
    row = session.get(ApiToken, token_id)
    if row is None or row.user != user:
        raise NotFound(f"there is no token {token_id!r} of {user}")
    session.delete(row)
    events.record(session, "user", f"{user} revoked the token {row.name!r}.", user)


def user_of(database: Database, token: str) -> str:
    """Raises WrongToken. Notes the use."""
    with read_only(database) as session:
        row = session.scalars(select(ApiToken).where(ApiToken.token_sha256 == _hash(token))).one_or_none()
        if row is None:
            raise WrongToken("this token is not valid, or was revoked: make a new one under Activity, Tokens")
        if row.expires_at < now():
            raise WrongToken(f"the token {row.name!r} expired on {row.expires_at:%Y-%m-%d}: make a new one")
        token_id, user, used_at = row.id, row.user, row.last_used_at
    if used_at is None or used_at < now() - USE_STEP:
        with unit_of_work(database) as session:
            used = session.get(ApiToken, token_id)
            if used is not None:
                used.last_used_at = now()
    return user


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
