"""Where to sign in, for the log of an installation that nobody has configured."""

import logging

from sqlalchemy import select

from backend.db.models import User
from backend.db.session import create_engine_for
from backend.settings import Settings

logger = logging.getLogger(__name__)


def say_where(settings: Settings) -> None:
    """With the administrator's token until an administrator has an account and a password; then without."""
    if has_administrator(settings):
        logger.info("Sign in at %s", settings.address)
    else:
        token = settings.admin_token.get_secret_value()
        logger.info("Open this address to sign in (its token signs you in): %s/?token=%s", settings.address, token)


def has_administrator(settings: Settings) -> bool:
    engine = create_engine_for(settings.effective_database_url)
    try:
        with engine.connect() as connection:
            is_one = User.is_administrator | User.administrator_by_group.is_not(None)
            query = select(User.id).where(is_one, User.removed_at.is_(None)).limit(1)
            return connection.scalar(query) is not None
    finally:
        engine.dispose()
