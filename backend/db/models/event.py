from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class Event(Base):
    """What happened, append-only. Not tied to the rows it speaks of, so that it outlives them."""

    __tablename__ = "event"
    # The latest of one kind are found without reading the others, of which a run says thousands.
    __table_args__ = (Index("ix_event_kind_id", "kind", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str]
    actor: Mapped[str]
    level: Mapped[str] = mapped_column(index=True)
    message: Mapped[str]
    federation_id: Mapped[str | None] = mapped_column(index=True)
    experiment_id: Mapped[str | None] = mapped_column(index=True)
    run_id: Mapped[str | None] = mapped_column(index=True)
    dataset_id: Mapped[str | None]
    site_slug: Mapped[str | None]
    round: Mapped[int | None]
    task_id: Mapped[str | None]
