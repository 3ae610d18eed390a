from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, new_id


class PairDecision(Base):
    """Whether two images are of one patient, as somebody decided. Of files by their hashes, so that it outlives every
    check, renaming and registering again; the two in order of site and hash."""

    __tablename__ = "pair_decision"
    __table_args__ = (UniqueConstraint("first_site_id", "first_sha256", "second_site_id", "second_sha256"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    first_site_id: Mapped[str] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"))
    first_sha256: Mapped[str]
    second_site_id: Mapped[str] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"))
    second_sha256: Mapped[str]
    decision: Mapped[str]
    decided_by: Mapped[str]
    decided_at: Mapped[datetime]
