from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.contracts.tasks import DatasetManifest
from backend.db.base import Base, ContractJson


class RunDataset(Base):
    """A data set as it was when the run started. `position` orders by site, then by registration."""

    __tablename__ = "run_dataset"
    __table_args__ = (UniqueConstraint("run_id", "position"),)

    run_id: Mapped[str] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    dataset_id: Mapped[str] = mapped_column(ForeignKey("dataset.id"), primary_key=True, index=True)
    position: Mapped[int]
    site_slug: Mapped[str]
    queue: Mapped[str]
    fingerprint: Mapped[str]
    manifest: Mapped[DatasetManifest] = mapped_column(ContractJson(DatasetManifest))
