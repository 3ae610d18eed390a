from typing import Any

from sqlalchemy import ForeignKey, false
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class TestedCase(Base):
    """One test case of a run's best or last round.

    scores is {model: {structure: {metric: value or null}}}, predictions {model: SHA-256}: those of the best round.
    """

    __tablename__ = "evaluated_case"

    run_id: Mapped[str] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    site_slug: Mapped[str]
    scores: Mapped[dict[str, Any]]
    distance_unit: Mapped[str]
    probabilities: Mapped[dict[str, Any] | None]
    chosen_model: Mapped[str | None]
    #: See `backend.contracts.unlikeness`.
    unlikeness: Mapped[float | None]
    of_no_site: Mapped[bool] = mapped_column(default=False, server_default=false())
    image: Mapped[str | None]
    reference: Mapped[str | None]
    predictions: Mapped[dict[str, Any]]
