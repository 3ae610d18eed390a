from typing import Any

from sqlalchemy import ForeignKey, false
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class ValidatedCase(Base):
    """One validation case of a run's best round, for the list of cases.

    It has a table of its own, so that no mean, test, report or export of test cases can hold one.
    scores as in TestedCase. Images and masks of validation cases stay at their site.
    """

    __tablename__ = "validated_case"

    run_id: Mapped[str] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    site_slug: Mapped[str]
    scores: Mapped[dict[str, Any]]
    distance_unit: Mapped[str]
    probabilities: Mapped[dict[str, Any] | None]
    chosen_model: Mapped[str | None]
    unlikeness: Mapped[float | None]
    of_no_site: Mapped[bool] = mapped_column(default=False, server_default=false())
