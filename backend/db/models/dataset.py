from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.contracts.data_statistics import DatasetStatistics
from backend.contracts.datasets import Reading, SplitFractions
from backend.contracts.likeness import Alike
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
    #: As asked at registration; None: registered before there was a choice.
    layout: Mapped[str | None]
    reading: Mapped[Reading | None] = mapped_column(ContractJson(Reading))
    patient_pattern: Mapped[str | None]
    #: The fingerprint of the repaired data that somebody looked at and took into use.
    confirmed_fingerprint: Mapped[str | None]
    #: As the last check found it; None before it.
    found_layout: Mapped[str | None]
    found_reading: Mapped[Reading | None] = mapped_column(ContractJson(Reading))
    warnings: Mapped[list[Any] | None]
    #: Which key made the pseudonyms of its patients; None: the one of before keys were secret.
    pseudonym_key: Mapped[str | None]
    #: Of the last check; None before it, or where it was before there were statistics.
    alike: Mapped[Alike | None] = mapped_column(ContractJson(Alike))
    statistics: Mapped[DatasetStatistics | None] = mapped_column(ContractJson(DatasetStatistics))
