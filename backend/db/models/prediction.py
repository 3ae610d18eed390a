from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, new_id


class PredictionBatch(Base):
    """Images that are sent to be tried together; they come one by one.

    num_expected: how many were said to be coming, null: it was not said. cancelled_at: when what was not done was given
    up; no image comes after it.
    """

    __tablename__ = "prediction_batch"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    run_id: Mapped[str] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), index=True)
    num_expected: Mapped[int | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    cancelled_at: Mapped[datetime | None]


class Prediction(Base):
    """An uploaded image, on which a run's models of one round are tried; its task holds the answer.

    image: the SHA-256 of the file as it came. gamma: the threshold, where it is another than the run's. batch_id: the
    images that it was sent with, which are forgotten together.
    """

    __tablename__ = "prediction"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    run_id: Mapped[str] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), index=True)
    file_name: Mapped[str]
    image: Mapped[str]
    round: Mapped[int]
    gamma: Mapped[float | None]
    batch_id: Mapped[str | None] = mapped_column(ForeignKey("prediction_batch.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    created_by: Mapped[str]
