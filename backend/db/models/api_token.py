from datetime import datetime

from sqlalchemy import ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, new_id


class ApiToken(Base):
    """A user's token for scripts. Only its SHA-256 is stored; `hint` are its first characters, to tell tokens apart.

    user_id: None for a token that was made with the administrator's. scope: `all` that the user may, or `read`.
    """

    __tablename__ = "api_token"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    token_sha256: Mapped[str] = mapped_column(unique=True)
    hint: Mapped[str]
    name: Mapped[str]
    user: Mapped[str]
    user_id: Mapped[str | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    scope: Mapped[str] = mapped_column(server_default=text("'all'"), default="all")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
