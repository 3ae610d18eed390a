"""A finished run's models in forms for other programs, made and tried by a worker."""

from typing import cast

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from backend.artifacts.service import artifact_url
from backend.clock import now
from backend.contracts.exports import FORM_CARDS, ExportForm, ExportModelResult
from backend.contracts.status import TERMINAL_TASK_STATUSES, TaskStatus
from backend.contracts.tasks import COORDINATOR
from backend.db.lookup import lock_row
from backend.db.models import ModelExport, Run, Task
from backend.errors import Conflict
from backend.evaluations.validated_threshold import chosen_gamma
from backend.events import service as events
from backend.exports.schemas import ExportCreate, ExportRecord
from backend.predictions.service import require_models
from backend.queue import COORDINATOR_QUEUE
from backend.runs.words import describe_run
from backend.task_status import enqueue


def start_export(session: Session, run_id: str, body: ExportCreate, actor: str) -> ModelExport:
    """Raises Conflict for a run without models or without the threshold, and while the same form of it is made."""
    run = require_models(session, run_id)
    assert run.best_round is not None
    form, gamma = body.form, chosen_gamma(session, run, body.threshold)
    for export in session.scalars(exports_of(run_id).where(ModelExport.form == form)):
        if export.gamma == gamma and task_of(session, export).status not in TERMINAL_TASK_STATUSES:
            raise Conflict(f"the form {form} of this run is being made already: wait for it, or delete it")
    export = ModelExport(
        run_id=run.id, form=form, round=run.best_round, gamma=gamma, created_at=now(), created_by=actor
    )
    session.add(export)
    session.flush()
    task = Task(
        export_id=export.id,
        kind="export_model",
        round=run.best_round,
        participant=COORDINATOR,
        queue=COORDINATOR_QUEUE,
        created_at=now(),
    )
    enqueue(session, task)
    message = f"{actor} exports the models of {describe_run(run)} as {FORM_CARDS[form].label}."
    events.record_of_run(session, run, "task", message, actor)
    return export


def exports_of(run_id: str) -> Select[ModelExport]:
    """The newest first."""
    query = select(ModelExport).where(ModelExport.run_id == run_id)
    return query.order_by(ModelExport.created_at.desc(), ModelExport.id)


def delete_export(session: Session, export_id: str) -> None:
    """One that is under way is stopped; the sweep that follows removes the file."""
    session.delete(lock_row(session, ModelExport, export_id))


def export_record(session: Session, export: ModelExport) -> ExportRecord:
    task, run = task_of(session, export), session.get_one(Run, export.run_id)
    answer = task.answer if isinstance(task.answer, ExportModelResult) else None
    form = cast(ExportForm, export.form)
    return ExportRecord(
        id=export.id,
        run_id=export.run_id,
        form=form,
        label=FORM_CARDS[form].label,
        holds=FORM_CARDS[form].summary,
        round=export.round,
        gamma=export.gamma,
        created_at=export.created_at,
        created_by=export.created_by,
        status=TaskStatus(task.status),
        fraction=task.fraction,
        step=task.step,
        doing=task.step.words if task.step else None,
        error=task.error,
        url=artifact_url(export.file),
        file_name=f"fedsm-{run.strategy.name}-seed-{run.seed}-{_threshold(export)}{form}.zip",
        num_bytes=answer.num_bytes if answer else None,
        num_images=answer.num_images if answer else None,
        num_voxels=answer.num_voxels if answer else None,
        num_different=answer.num_different if answer else None,
    )


def _threshold(export: ModelExport) -> str:
    return "" if export.gamma is None else f"gamma-{export.gamma:g}-"


def task_of(session: Session, export: ModelExport) -> Task:
    return session.scalars(select(Task).where(Task.export_id == export.id)).one()
