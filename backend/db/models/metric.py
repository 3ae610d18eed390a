from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class Metric(Base):
    """One measured number. A repeated report replaces the row, so ids grow with what is new."""

    __tablename__ = "metric"
    __table_args__ = (Index("ix_metric_run_round_site", "run_id", "round", "site_slug"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"))
    round: Mapped[int]
    site_slug: Mapped[str]
    model: Mapped[str]
    split: Mapped[str]
    name: Mapped[str]
    structure: Mapped[str | None]
    value: Mapped[float]
    num_cases: Mapped[int]
