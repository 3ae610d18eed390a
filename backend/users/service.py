"""Sign-in by token; sessions that survive a restart."""

import hashlib
import hmac
import secrets
from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from backend.clock import now
from backend.db.models import UserSession
from backend.errors import NotSignedIn, WrongToken
from backend.events import service as events
from backend.settings import Settings

ADMIN = "admin"


def user_of_token(token: str, settings: Settings) -> str:
    if not _equal(token, settings.admin_token.get_secret_value()):
        raise WrongToken("this token is not valid: use the one that the backend's operator gave you")
    return ADMIN


def check_worker_token(token: str | None, settings: Settings) -> None:
    if token is None:
        raise NotSignedIn("a worker must send its token: set FEDSM_WORKER_TOKEN")
    if not _equal(token, settings.worker_token.get_secret_value()):
        raise WrongToken("this is not the worker token of this backend: set FEDSM_WORKER_TOKEN to the same value here")


def open_session(session: Session, token: str, settings: Settings) -> tuple[str, str]:
    """Signs in; returns the user and the cookie's secret, which is stored only as a hash."""
    user = user_of_token(token, settings)
    secret = secrets.token_urlsafe(32)
    session.execute(delete(UserSession).where(UserSession.expires_at < now()))
    expires_at = now() + timedelta(days=settings.session_days)
    session.add(UserSession(token_sha256=_hash(secret), user=user, created_at=now(), expires_at=expires_at))
    events.record(session, "user", f"{user} signed in.", user)
    return user, secret


def user_of_session(session: Session, secret: str | None) -> str:
    row = session.get(UserSession, _hash(secret)) if secret else None
    if row is None or row.expires_at < now():
        raise NotSignedIn("you are not signed in: sign in with your token")
    return row.user


def close_session(session: Session, secret: str | None) -> None:
    """Signing out twice is harmless."""
    if secret:
        session.execute(delete(UserSession).where(UserSession.token_sha256 == _hash(secret)))


def _equal(given: str, expected: str) -> bool:
    """In constant time; an empty expected token lets nobody in."""
    return bool(expected) and hmac.compare_digest(given.encode(), expected.encode())


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
