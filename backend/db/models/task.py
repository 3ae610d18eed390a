from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.contracts.dry_runs import DryRunSiteResult
from backend.contracts.exports import ExportModelResult, ExportStep
from backend.contracts.predictions import PredictCaseResult
from backend.contracts.tasks import SiteUpdateRef
from backend.db.base import Base, ContractJson, new_id


class Task(Base):
    """One piece of work. `attempt` counts claims and fences late reports; `failures` counts attempts lost.
    `queued_at` is when it was queued last, `sent_at` when its message left last, `progress_at` when its fraction grew.
    `step` is what its worker is at, where it counts steps. `answer` is the result of a task that belongs to no run.
    `num_said` and `num_dropped` count what its workers said of it, up to its quota and beyond. `readable` is what a
    hospital that claimed it may download. `correlation_id` is that of the request that it goes back to."""

    __tablename__ = "task"
    __table_args__ = (
        UniqueConstraint("run_id", "round", "participant", "kind"),
        Index("ix_task_status_queue", "status", "queue"),
        # Without it a database that gathered no statistics looks through all tasks of a status for those of one run.
        Index("ix_task_run_status_kind", "run_id", "status", "kind"),
        Index("ix_task_worker_finished", "worker", "finished_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    run_id: Mapped[str | None] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"))
    dataset_id: Mapped[str | None] = mapped_column(ForeignKey("dataset.id", ondelete="CASCADE"), index=True)
    dry_run_id: Mapped[str | None] = mapped_column(ForeignKey("dry_run.id", ondelete="CASCADE"), index=True)
    prediction_id: Mapped[str | None] = mapped_column(ForeignKey("prediction.id", ondelete="CASCADE"), index=True)
    export_id: Mapped[str | None] = mapped_column(ForeignKey("model_export.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    round: Mapped[int]
    participant: Mapped[str]
    queue: Mapped[str]
    status: Mapped[str]
    attempt: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    fraction: Mapped[float] = mapped_column(default=0.0)
    step: Mapped[ExportStep | None] = mapped_column(ContractJson(ExportStep))
    worker: Mapped[str | None]
    error: Mapped[str | None]
    failure_kind: Mapped[str | None]
    failure_detail: Mapped[str | None]
    update: Mapped[SiteUpdateRef | None] = mapped_column(ContractJson(SiteUpdateRef))
    answer: Mapped[DryRunSiteResult | PredictCaseResult | ExportModelResult | None] = mapped_column(
        ContractJson(DryRunSiteResult | PredictCaseResult | ExportModelResult)
    )
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime]
    queued_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    progress_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    lease_expires_at: Mapped[datetime | None]
    seconds: Mapped[float | None]
    transfer_seconds: Mapped[float | None]
    bytes_up: Mapped[int | None] = mapped_column(BigInteger)
    bytes_down: Mapped[int | None] = mapped_column(BigInteger)
    readable: Mapped[list[Any] | None]
    correlation_id: Mapped[str | None]
    num_said: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    num_dropped: Mapped[int] = mapped_column(default=0, server_default=text("0"))
