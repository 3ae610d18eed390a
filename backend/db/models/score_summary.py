from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from backend.contracts.score_summaries import SiteSummary
from backend.db.base import Base, ContractJson


class ScoreSummaryRow(Base):
    """A site's test of a run's best or last round, where no score of a single case left the site."""

    __tablename__ = "score_summary"

    run_id: Mapped[str] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    site_slug: Mapped[str] = mapped_column(primary_key=True)
    summary: Mapped[SiteSummary] = mapped_column(ContractJson(SiteSummary))
