from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class WorkerDay(Base):
    """How many events of a worker were kept and dropped in a day (UTC, `2026-01-31`).

    Days that are over are deleted."""

    __tablename__ = "worker_day"

    worker: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[str] = mapped_column(primary_key=True)
    num_said: Mapped[int] = mapped_column(default=0)
    num_dropped: Mapped[int] = mapped_column(default=0)
