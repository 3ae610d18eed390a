"""Images that are tried together: one id, and how far they are."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.clock import now
from backend.contracts.status import TERMINAL_TASK_STATUSES, TaskStatus
from backend.db.lookup import get_row, lock_row
from backend.db.models import Prediction, PredictionBatch, Task
from backend.errors import Conflict, InvalidInput
from backend.predictions.schemas import PredictionBatchRecord
from backend.predictions.service import require_models
from backend.task_status import cancel


def start_batch(session: Session, run_id: str, num_expected: int | None, actor: str) -> PredictionBatch:
    """num_expected: how many images will be sent, None: it is not known. Raises Conflict where the run has no models to
    try."""
    run = require_models(session, run_id)
    batch = PredictionBatch(run_id=run.id, num_expected=num_expected, created_at=now(), created_by=actor)
    session.add(batch)
    session.flush()
    return batch


def require_batch(session: Session, run_id: str, batch_id: str | None) -> None:
    """Raises NotFound for one that is not there, InvalidInput for one of another run, and Conflict for one that was
    cancelled."""
    if batch_id is None:
        return
    batch = get_row(session, PredictionBatch, batch_id)
    if batch.cancelled_at is not None:
        raise Conflict("the batch was cancelled, and takes no more images: begin another")
    if batch.run_id != run_id:
        remedy = "begin one with POST /runs/{run_id}/prediction-batches"
        raise InvalidInput.of_field("batch", batch_id, "is a batch of another run", remedy)


def batch_record(session: Session, batch: PredictionBatch) -> PredictionBatchRecord:
    tasks = [(TaskStatus(task.status), task.fraction) for task in _tasks_of(session, batch.id)]
    ended = [status for status, _ in tasks if status in TERMINAL_TASK_STATUSES]
    shares = [1.0 if status in TERMINAL_TASK_STATUSES else fraction for status, fraction in tasks]
    num_done, num_cancelled = ended.count(TaskStatus.COMPLETED), ended.count(TaskStatus.CANCELLED)
    waited_for = 0 if batch.cancelled_at is not None else batch.num_expected or 0
    num_all = max(waited_for, len(tasks))
    return PredictionBatchRecord(
        id=batch.id,
        run_id=batch.run_id,
        created_at=batch.created_at,
        created_by=batch.created_by,
        cancelled_at=batch.cancelled_at,
        num_expected=batch.num_expected,
        num_images=len(tasks),
        num_done=num_done,
        num_failed=len(ended) - num_done - num_cancelled,
        num_cancelled=num_cancelled,
        fraction=sum(shares) / num_all if num_all else 1.0,
    )


def cancel_batch(session: Session, batch_id: str) -> PredictionBatch:
    """Gives up what is not done, and takes no more images; what is done stays. A second time changes nothing."""
    batch = lock_row(session, PredictionBatch, batch_id)
    if batch.cancelled_at is None:
        batch.cancelled_at = now()
        for task in _tasks_of(session, batch_id):
            if task.status not in TERMINAL_TASK_STATUSES:
                cancel(task)
    return batch


def delete_batch(session: Session, batch_id: str) -> None:
    """Forgets its images and everything made of them; the sweep that follows keeps what something else shows too."""
    session.delete(lock_row(session, PredictionBatch, batch_id))


def _tasks_of(session: Session, batch_id: str) -> Sequence[Task]:
    query = select(Task).join(Prediction, Prediction.id == Task.prediction_id)
    return session.scalars(query.where(Prediction.batch_id == batch_id)).all()
