from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class RunApproval(Base):
    """What a run asks of a real site: the site's consent to terms that this hash names."""

    __tablename__ = "run_approval"

    run_id: Mapped[str] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"), primary_key=True)
    terms_sha256: Mapped[str] = mapped_column(index=True)
    asked_at: Mapped[datetime]
