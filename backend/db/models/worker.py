from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class Worker(Base):
    """A worker that sent a heartbeat. `online`: it is heard, and not all of its processes hang; its last announced
    state, which the recovery loop turns off. `offline_since` is null while it is online."""

    __tablename__ = "worker"

    name: Mapped[str] = mapped_column(primary_key=True)
    queues: Mapped[list[Any]]
    hardware: Mapped[str]
    num_gpus: Mapped[int | None]
    num_processes: Mapped[int]
    last_seen_at: Mapped[datetime]
    online: Mapped[bool]
    num_hung: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    offline_since: Mapped[datetime | None]
    #: Of the worker's folder, in bytes; None: a worker that does not say.
    disk_free: Mapped[int | None] = mapped_column(BigInteger)
    disk_total: Mapped[int | None] = mapped_column(BigInteger)
