from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class ThresholdCurve(Base):
    """The super model on a site's validation cases at each threshold, of a round that was tested.

    points is [{"gamma": ..., "dice": ..., "num_cases": ...}, ...].
    """

    __tablename__ = "threshold_curve"

    run_id: Mapped[str] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    site_slug: Mapped[str] = mapped_column(primary_key=True)
    points: Mapped[list[Any]]
