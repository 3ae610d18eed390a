from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class Worker(Base):
    """A worker that sent a heartbeat. `online` is its last announced state; the recovery loop turns it off."""

    __tablename__ = "worker"

    name: Mapped[str] = mapped_column(primary_key=True)
    queues: Mapped[list[Any]]
    hardware: Mapped[str]
    num_processes: Mapped[int]
    last_seen_at: Mapped[datetime]
    online: Mapped[bool]
