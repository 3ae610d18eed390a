"""Images that are tried together: one id, and how far they are."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.clock import now
from backend.contracts.status import TERMINAL_TASK_STATUSES, TaskStatus
from backend.db.lookup import get_row, lock_row
from backend.db.models import Prediction, PredictionBatch, Task
from backend.errors import InvalidInput
from backend.predictions.schemas import PredictionBatchRecord
from backend.predictions.service import require_models


def start_batch(session: Session, run_id: str, actor: str) -> PredictionBatch:
    """Raises Conflict where the run has no models to try."""
    run = require_models(session, run_id)
    batch = PredictionBatch(run_id=run.id, created_at=now(), created_by=actor)
    session.add(batch)
    session.flush()
    return batch


def require_batch(session: Session, run_id: str, batch_id: str | None) -> None:
    """Raises NotFound for one that is not there, and InvalidInput for one of another run."""
    if batch_id is None:
        return
    if get_row(session, PredictionBatch, batch_id).run_id != run_id:
        remedy = "begin one with POST /runs/{run_id}/prediction-batches"
        raise InvalidInput.of_field("batch", batch_id, "is a batch of another run", remedy)


def batch_record(session: Session, batch: PredictionBatch) -> PredictionBatchRecord:
    query = select(Task.status, Task.fraction).join(Prediction, Prediction.id == Task.prediction_id)
    tasks = session.execute(query.where(Prediction.batch_id == batch.id)).all()
    ended = [TaskStatus(status) for status, _ in tasks if status in TERMINAL_TASK_STATUSES]
    shares = [1.0 if status in TERMINAL_TASK_STATUSES else fraction for status, fraction in tasks]
    num_done = ended.count(TaskStatus.COMPLETED)
    return PredictionBatchRecord(
        id=batch.id,
        run_id=batch.run_id,
        created_at=batch.created_at,
        created_by=batch.created_by,
        num_images=len(tasks),
        num_done=num_done,
        num_failed=len(ended) - num_done,
        fraction=sum(shares) / len(shares) if shares else 1.0,
    )


def delete_batch(session: Session, batch_id: str) -> None:
    """Forgets its images and everything made of them; the sweep that follows keeps what something else shows too."""
    session.delete(lock_row(session, PredictionBatch, batch_id))
