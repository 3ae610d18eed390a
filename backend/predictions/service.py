"""Trying a run's models on an image that belongs to no data set."""

from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from backend.artifacts.service import artifact_url, require_artifacts
from backend.clock import now
from backend.contracts.predictions import PredictCaseResult, PredictedMask
from backend.contracts.status import RunStatus, TaskStatus
from backend.contracts.tasks import COORDINATOR
from backend.contracts.thresholds import ThresholdChoice
from backend.contracts.unlikeness import unlike_in_words
from backend.db.lookup import get_row, lock_row
from backend.db.models import Prediction, PredictionBatch, Run, Task
from backend.errors import Conflict
from backend.evaluations.validated_threshold import chosen_gamma
from backend.events import service as events
from backend.predictions.schemas import MaskRecord, PredictionRecord, StructureSizeRecord
from backend.queue import COORDINATOR_QUEUE
from backend.runs.threshold import used_gamma
from backend.runs.words import describe_run
from backend.task_status import enqueue


@dataclass(frozen=True)
class Sent:
    """What is said with an image. name: the file's. batch: the id of the batch that it belongs to. actor: who sent
    it."""

    name: str
    threshold: ThresholdChoice
    batch: str | None
    actor: str


def require_models(session: Session, run_id: str, threshold: ThresholdChoice = "run") -> Run:
    """The run, if it has models to try, with this threshold. Raises Conflict."""
    run = get_row(session, Run, run_id)
    if run.status != RunStatus.COMPLETED or run.best_round is None:
        raise Conflict(f"the run is {run.status}: its models can be tried once it is completed")
    chosen_gamma(session, run, threshold)
    return run


def start_prediction(session: Session, run_id: str, image: str, sent: Sent) -> Prediction:
    """image: the SHA-256 of the stored upload."""
    run = require_models(session, run_id)
    assert run.best_round is not None
    require_artifacts(session, {image})
    prediction = Prediction(
        run_id=run.id,
        file_name=sent.name,
        image=image,
        round=run.best_round,
        gamma=chosen_gamma(session, run, sent.threshold),
        batch_id=sent.batch,
        created_at=now(),
        created_by=sent.actor,
    )
    session.add(prediction)
    session.flush()
    task = Task(
        prediction_id=prediction.id,
        kind="predict_case",
        round=run.best_round,
        participant=COORDINATOR,
        queue=COORDINATOR_QUEUE,
        created_at=now(),
    )
    enqueue(session, task)
    words = f"{sent.actor} tried {describe_run(run)} on an image ({image[:12]})."
    events.record_of_run(session, run, "task", words, sent.actor)
    return prediction


def predictions_of(run_id: str, batch: str | None = None) -> Select[Prediction]:
    """The newest first. batch: of this one alone."""
    query = select(Prediction).where(Prediction.run_id == run_id)
    if batch is not None:
        query = query.where(Prediction.batch_id == batch)
    return query.order_by(Prediction.created_at.desc(), Prediction.id)


def delete_prediction(session: Session, prediction_id: str) -> None:
    """Forgets the image and everything made of it; the sweep that follows keeps what something else shows too.

    Its batch no longer waits for it.
    """
    prediction = lock_row(session, Prediction, prediction_id)
    if prediction.batch_id is not None:
        batch = lock_row(session, PredictionBatch, prediction.batch_id)
        batch.num_expected = None if batch.num_expected is None else max(0, batch.num_expected - 1)
    session.delete(prediction)


def prediction_record(session: Session, prediction: Prediction) -> PredictionRecord:
    task = _task_of(session, prediction)
    run = session.get_one(Run, prediction.run_id)
    answer = task.answer if isinstance(task.answer, PredictCaseResult) else None
    return PredictionRecord(
        id=prediction.id,
        run_id=prediction.run_id,
        batch_id=prediction.batch_id,
        file_name=prediction.file_name,
        round=prediction.round,
        created_at=prediction.created_at,
        created_by=prediction.created_by,
        status=TaskStatus(task.status),
        fraction=task.fraction,
        error=task.error,
        image_url=artifact_url(answer.image) if answer else None,
        unit=answer.unit if answer else None,
        probabilities=answer.probabilities if answer else None,
        chosen_model=answer.chosen_model if answer else None,
        unlikeness=answer.unlikeness if answer else None,
        unlike=unlike_in_words(answer.unlikeness, answer.of_no_site) if answer else None,
        gamma=used_gamma(session, run, prediction.round) if prediction.gamma is None else prediction.gamma,
        masks=[_mask_record(mask) for mask in answer.masks] if answer else [],
        seconds=answer.seconds if answer else None,
        warnings=list(answer.warnings) if answer else [],
    )


def _mask_record(mask: PredictedMask) -> MaskRecord:
    return MaskRecord(
        model=mask.model,
        mask_url=artifact_url(mask.mask) or "",
        sizes=[StructureSizeRecord(structure=size.structure, size=size.size) for size in mask.sizes],
        file_urls={structure: artifact_url(sha256) or "" for structure, sha256 in mask.files.items()},
        segmentation_urls={form: artifact_url(sha256) or "" for form, sha256 in mask.segmentations.items()},
    )


def _task_of(session: Session, prediction: Prediction) -> Task:
    return session.scalars(select(Task).where(Task.prediction_id == prediction.id)).one()
