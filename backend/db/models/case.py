from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, new_id


class Case(Base):
    """One case of a data set: used, or skipped for a reason. The id survives a repeated check."""

    __tablename__ = "case"
    __table_args__ = (UniqueConstraint("dataset_id", "name"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    dataset_id: Mapped[str] = mapped_column(ForeignKey("dataset.id", ondelete="CASCADE"))
    name: Mapped[str]
    used: Mapped[bool]
    reason_code: Mapped[str | None]
    reason: Mapped[str | None]
    split: Mapped[str | None]
    image: Mapped[str]
    mask: Mapped[str | None]
    image_sha256: Mapped[str | None]
    mask_sha256: Mapped[str | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    structure_shares: Mapped[dict[str, Any]]
    mean_intensity: Mapped[list[Any]]
    thumbnail: Mapped[str | None]
    #: None in these: unknown, as in cases that were checked before the columns were there.
    depth: Mapped[int | None]
    spacing: Mapped[list[Any] | None]
    patient: Mapped[str | None]
    pixel_sha256: Mapped[str | None]
    perceptual_hash: Mapped[str | None]
    structure_sizes: Mapped[dict[str, Any] | None]
    intensity_percentiles: Mapped[list[Any] | None]
    warnings: Mapped[list[Any] | None]
    repairs: Mapped[list[Any] | None]
    remedies: Mapped[list[Any] | None]
    #: Of a mask of one file for each structure, the files by the structures' names.
    mask_parts: Mapped[dict[str, Any] | None]
