from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from backend.contracts.experiment_config import ExperimentConfig
from backend.db.base import Base, ContractJson, new_id

#: Kind of an experiment that tests a finished model on other data.
MODEL_TEST = "test"
#: Kind of an experiment that adds a site to the selector of a registered model.
SITE_ADDITION = "site-addition"
#: Kind of an experiment that trains a registered model further at one site.
FINE_TUNING = "fine-tuning"
#: Kind of an experiment that trains one network on a finished super model's soft answers.
STUDENT = "student"


class Experiment(Base):
    """One question on one federation. kind `import`: the model of a file."""

    __tablename__ = "experiment"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    federation_id: Mapped[str] = mapped_column(ForeignKey("federation.id"), index=True)
    kind: Mapped[str] = mapped_column(server_default="training", default="training")
    name: Mapped[str]
    description: Mapped[str]
    config: Mapped[ExperimentConfig] = mapped_column(ContractJson(ExperimentConfig))
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    started_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]
    #: Of a test: the run whose model it is, which may be deleted since.
    tested_run_id: Mapped[str | None]
    #: Of a student: the run whose super model teaches it, which may be deleted since.
    teacher_run_id: Mapped[str | None]
