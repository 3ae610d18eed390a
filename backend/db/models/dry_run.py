from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from backend.contracts.experiment_config import ExperimentConfig
from backend.db.base import Base, ContractJson, new_id


class DryRun(Base):
    """A configuration that was tried at every site of a federation; its tasks hold what each site found."""

    __tablename__ = "dry_run"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    federation_id: Mapped[str] = mapped_column(ForeignKey("federation.id"), index=True)
    config: Mapped[ExperimentConfig] = mapped_column(ContractJson(ExperimentConfig))
    created_at: Mapped[datetime]
    created_by: Mapped[str]
