from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, new_id


class DatasetCheck(Base):
    """What one check of a data set found. Equal fingerprints: the same cases, files, splits and labels."""

    __tablename__ = "dataset_check"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    dataset_id: Mapped[str] = mapped_column(ForeignKey("dataset.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    fingerprint: Mapped[str | None]
    num_used: Mapped[int]
    num_skipped: Mapped[int]
    error: Mapped[str | None]
