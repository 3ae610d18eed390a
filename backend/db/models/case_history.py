from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class CaseHistory(Base):
    """One test case by the models of one round.

    models is {model: {"dice": {structure: value or null}, "mask": SHA-256 or null}}.
    """

    __tablename__ = "case_history"

    run_id: Mapped[str] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(primary_key=True)
    models: Mapped[dict[str, Any]]
    chosen_model: Mapped[str | None]
