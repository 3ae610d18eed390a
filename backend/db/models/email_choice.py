from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class EmailChoice(Base):
    """Where a user gets e-mails about the ends of runs of their own experiments, and whether they want them."""

    __tablename__ = "email_choice"

    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    address: Mapped[str]
    wanted: Mapped[bool]
