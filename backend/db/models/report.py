from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from backend.contracts.report_document import Report as ReportDocument
from backend.db.base import Base, ContractJson, new_id


class Report(Base):
    """A frozen report and its link. Not tied to the experiment's row, so that it outlives it."""

    __tablename__ = "report"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    experiment_id: Mapped[str] = mapped_column(index=True)
    token: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    document: Mapped[ReportDocument] = mapped_column(ContractJson(ReportDocument))
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    num_opened: Mapped[int]
