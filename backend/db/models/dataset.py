from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.contracts.tasks import SplitFractions
from backend.db.base import Base, ContractJson, new_id


class Dataset(Base):
    """A folder that a site registered."""

    __tablename__ = "dataset"
    __table_args__ = (UniqueConstraint("site_id", "name"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.id"))
    name: Mapped[str]
    folder: Mapped[str]
    fractions: Mapped[SplitFractions] = mapped_column(ContractJson(SplitFractions))
    seed: Mapped[int]
    status: Mapped[str]
    error: Mapped[str | None]
    created_at: Mapped[datetime]
    checked_at: Mapped[datetime | None]
    intensity_histogram: Mapped[list[Any]]
    fingerprint: Mapped[str | None]
