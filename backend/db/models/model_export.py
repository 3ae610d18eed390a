from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, new_id


class ModelExport(Base):
    """A form of a run's models of one round for other programs; its task says how it was tried.

    file: the SHA-256 of the ZIP, once it is made. gamma: the threshold, where it is another than the run's.
    """

    __tablename__ = "model_export"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    run_id: Mapped[str] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), index=True)
    form: Mapped[str]
    round: Mapped[int]
    file: Mapped[str | None]
    gamma: Mapped[float | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
