from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from backend.contracts.task_definition import SegmentationTask
from backend.db.base import Base, ContractJson, new_id


class Federation(Base):
    """Sites that share a segmentation task."""

    __tablename__ = "federation"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str]
    task: Mapped[SegmentationTask] = mapped_column(ContractJson(SegmentationTask))
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]
