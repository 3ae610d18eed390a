from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class SecondFactor(Base):
    """What a user shows besides the password: codes of an app (TOTP, RFC 6238), or a recovery code.

    secret: encrypted under a key that is not in the database. confirmed_at: None until the first code was right.
    last_step: the time step of the last code that let the user in, because a code works once.
    recovery_sha256: of the recovery codes that are left.
    """

    __tablename__ = "second_factor"

    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    secret: Mapped[str]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int]
    recovery_sha256: Mapped[list[Any]]
