from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class Notice(Base):
    """The end of a run that is still to be sent by one way: `email` or `webhook`. The row goes once it is.

    It is written in the transaction that ends the run. num_tries: begun. next_at: not before then.
    """

    __tablename__ = "notice"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 SQLAlchemy's interface

    id: Mapped[int] = mapped_column(primary_key=True)
    way: Mapped[str]
    run_id: Mapped[str] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), index=True)
    status: Mapped[str]
    message: Mapped[str]
    at: Mapped[datetime]
    num_tries: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime] = mapped_column(index=True)
