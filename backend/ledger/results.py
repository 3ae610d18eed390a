"""What the result of a run's task changes in the ledger."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.artifacts.service import require_artifacts
from backend.clock import now
from backend.contracts.metrics import MetricPoint
from backend.contracts.status import TaskStatus
from backend.contracts.tasks import (
    AggregateRoundResult,
    EvaluateSiteResult,
    InitializeRunResult,
    SiteUpdateRef,
    TaskResult,
    TrainSiteResult,
    ValidateSiteResult,
)
from backend.db.models import Metric, Run, RunRound, Task
from backend.errors import InvalidInput
from backend.evaluations import service as evaluations
from backend.events import service as events
from backend.ledger import repository
from backend.runs.waiting import quorum
from backend.runs.words import describe_run
from backend.task_status import Failure, fail, withdraw


def store_run_result(session: Session, task: Task, result: TaskResult) -> None:
    """Writes the result of a run's task. Raises InvalidInput when an artifact was not uploaded."""
    run = session.get_one(Run, task.run_id)
    match result:
        case InitializeRunResult():
            _store_initialization(session, run, result)
        case TrainSiteResult():
            _store_update(session, run, task, result)
        case AggregateRoundResult():
            _store_aggregation(session, run, task, result)
        case ValidateSiteResult():
            store_metrics(session, run, task.participant, result.metrics)
        case EvaluateSiteResult():
            data = [row.manifest for row in repository.run_datasets(session, run.id, task.participant)]
            evaluations.store_evaluation(session, run.id, task.round, task.participant, data, result)


def store_metrics(session: Session, run: Run, participant: str, points: tuple[MetricPoint, ...]) -> int:
    """Adds what is new and replaces what changed, so that a repeated report changes nothing. Returns their number."""
    if not points:
        return 0
    query = select(Metric).where(
        Metric.run_id == run.id,
        Metric.site_slug == participant,
        Metric.round.in_({point.round for point in points}),
    )
    known = {(row.round, row.model, row.split, row.name, row.structure): row for row in session.scalars(query)}
    latest = {(point.round, point.model, point.split, point.name, point.structure): point for point in points}
    num_new = 0
    for key, point in latest.items():
        row = known.get(key)
        if row is not None:
            if (row.value, row.num_cases) == (point.value, point.num_cases):
                continue
            session.delete(row)
        session.add(Metric(run_id=run.id, site_slug=participant, **point.model_dump()))
        num_new += 1
    return num_new


def _store_initialization(session: Session, run: Run, result: InitializeRunResult) -> None:
    require_artifacts(session, set(result.parts.values()))
    run.participants, run.evaluators = list(result.participants), list(result.evaluators)
    run.criterion = result.criterion
    _finish_round(session, RunRound(run_id=run.id, round=0, opened_at=now()), result.parts, result.downloads)


def _store_update(session: Session, run: Run, task: Task, result: TrainSiteResult) -> None:
    # Its files are there and held: `problem_of_update` reads them before.
    task.update = SiteUpdateRef(
        participant=task.participant, parts=result.parts, num_cases=result.num_cases, num_steps=result.num_steps
    )
    task.seconds, task.transfer_seconds = result.seconds, result.transfer_seconds
    task.bytes_up, task.bytes_down = result.bytes_up, result.bytes_down
    store_metrics(session, run, task.participant, result.metrics)


def _store_aggregation(session: Session, run: Run, task: Task, result: AggregateRoundResult) -> None:
    """Finishes the round, unless the refused updates leave fewer than the quorum."""
    trainings = repository.tasks_of(session, run, "train_site", task.round)
    accepted = [training for training in trainings if training.status == TaskStatus.COMPLETED]
    _warn_of_outliers(session, run, task, result)
    for training in accepted:
        if training.participant in result.refused:
            _refuse_update(session, run, training, result.refused[training.participant])
    num_left = sum(training.status == TaskStatus.COMPLETED for training in trainings)
    if num_left < quorum(run, len(trainings)):
        reasons = "; ".join(f"{participant}: {reason}" for participant, reason in result.refused.items())
        cause = f"{num_left} of {len(trainings)} updates could be used, fewer than the quorum. Refused: {reasons}"
        fail(task, Failure("update_refused", cause))
        return
    require_artifacts(session, set(result.parts.values()))
    store_metrics(session, run, task.participant, result.metrics)
    current = session.get_one(RunRound, (run.id, task.round))
    _finish_round(session, current, result.parts, result.downloads)


def _warn_of_outliers(session: Session, run: Run, task: Task, result: AggregateRoundResult) -> None:
    for participant, outlier in result.outliers.items():
        message = (
            f"{describe_run(run)}: the update of {participant} in round {task.round} is out of the others' line: it "
            f"changes the weights by {outlier.norm:.3g}, the others by {outlier.usual:.3g} (median)."
        )
        about = {"site_slug": participant, "round": task.round, "task_id": task.id}
        events.record_of_run(session, run, "task", message, events.BACKEND, level="warning", **about)


def _refuse_update(session: Session, run: Run, training: Task, reason: str) -> None:
    withdraw(training, Failure("update_refused", f"the update was refused: {reason}"))
    message = f"{describe_run(run)}: round {training.round} refused the update of {training.participant}: {reason}"
    about = {"site_slug": training.participant, "round": training.round, "task_id": training.id}
    events.record_of_run(session, run, "task", message, events.BACKEND, level="warning", **about)


def _finish_round(
    session: Session, row: RunRound, parts: dict[str, str], downloads: dict[str, tuple[str, ...]]
) -> None:
    named = {name for names in downloads.values() for name in names}
    if absent := sorted(named - parts.keys()):
        remedy = "name only parts of the state"
        raise InvalidInput.of_field("result.downloads", ", ".join(absent), "are no parts of the state", remedy)
    row.parts = dict(parts)
    row.downloads = {participant: list(names) for participant, names in downloads.items()}
    row.finished_at = now()
    session.add(row)
