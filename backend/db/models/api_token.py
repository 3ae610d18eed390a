from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, new_id


class ApiToken(Base):
    """A user's token for scripts. Only its SHA-256 is stored; `hint` are its first characters, to tell tokens apart."""

    __tablename__ = "api_token"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    token_sha256: Mapped[str] = mapped_column(unique=True)
    hint: Mapped[str]
    name: Mapped[str]
    user: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
