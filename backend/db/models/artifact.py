from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class Artifact(Base):
    """What the artifact store holds under a SHA-256. Files are immutable.

    used_at changes whenever somebody uploads the artifact, asks whether it is here, or names it in a row: a sweep that
    finds another value than it read before leaves the artifact alone. held_until: an upload that no task made is kept
    until then, although no row names it yet. problem: what the last look at the file found.
    """

    __tablename__ = "artifact"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    media_type: Mapped[str]
    num_bytes: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime]
    held_until: Mapped[datetime | None]
    problem: Mapped[str | None]


class ArtifactHold(Base):
    """A task that uploaded an artifact, which no row names before the task is completed."""

    __tablename__ = "artifact_hold"

    sha256: Mapped[str] = mapped_column(ForeignKey("artifact.sha256", ondelete="CASCADE"), primary_key=True)
    task_id: Mapped[str] = mapped_column(ForeignKey("task.id", ondelete="CASCADE"), primary_key=True, index=True)
