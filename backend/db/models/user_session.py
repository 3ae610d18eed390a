from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class UserSession(Base):
    """A sign-in. Only the SHA-256 of the cookie is stored."""

    __tablename__ = "user_session"

    token_sha256: Mapped[str] = mapped_column(primary_key=True)
    user: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
