from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class TestMeans(Base):
    """What a list of runs shows of a run's test; written when the test is over, and made of its cases where it lacks.

    scores is {metric: mean or null}, of the best round, over structures and the sites that train.
    """

    __test__ = False  # no test of ours
    __tablename__ = "test_means"

    run_id: Mapped[str] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    model: Mapped[str]
    num_cases: Mapped[int]
    unit: Mapped[str | None]
    scores: Mapped[dict[str, Any]]
