from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class UserSession(Base):
    """A sign-in. Only the SHA-256 of the cookie is stored.

    user_id: None for the administrator's token. proof: an HMAC of the credential under the cookie's secret, so that the
    session ends when that token or that password changes. is_single_sign_on: the institution's provider let them in.
    """

    __tablename__ = "user_session"

    token_sha256: Mapped[str] = mapped_column(primary_key=True)
    user: Mapped[str]
    user_id: Mapped[str | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    proof: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    is_single_sign_on: Mapped[bool]
