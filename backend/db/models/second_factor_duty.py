from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class SecondFactorDuty(Base):
    """Who must have a second factor, as an administrator decided last. There is one row, or none before that."""

    __tablename__ = "second_factor_duty"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    duty: Mapped[str]
    set_by: Mapped[str]
    set_at: Mapped[datetime]
