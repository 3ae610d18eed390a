"""Runs: the one writer of their status, and their records."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import VERSION
from backend.clock import now
from backend.contracts.status import TERMINAL_RUN_STATUSES, TRANSITIONS, RunStatus
from backend.db.models import Run, RunRound, Task
from backend.errors import TransitionNotAllowed
from backend.events import service as events
from backend.runs.failures import failures_of
from backend.runs.notes import notes_of
from backend.runs.schemas import RunRecord, TaskRecord

#: Rounds whose mean duration gives the estimate of the rest.
ETA_ROUNDS = 5


def set_status(
    session: Session, run: Run, status: RunStatus, message: str, actor: str, level: events.Level = "info"
) -> None:
    """The only place that changes a run's status. The caller holds the run's lock.

    Raises TransitionNotAllowed when `TRANSITIONS` has no such step.
    """
    before = RunStatus(run.status)
    if status not in TRANSITIONS[before]:
        allowed = ", ".join(sorted(TRANSITIONS[before])) or "nothing"
        raise TransitionNotAllowed(
            f"{describe_run(run)} is {before} and cannot become {status}: from {before} it can become {allowed}"
        )
    run.status = status
    run.finished_at = now() if status in TERMINAL_RUN_STATUSES else None
    if status != RunStatus.FAILED:
        run.failure = None
    if run.started_at is None and status == RunStatus.RUNNING:
        run.started_at = now()
        run.code_version = VERSION
    events.record_of_run(session, run, "status", message, actor, level, round=run.round)


def describe_run(run: Run) -> str:
    return f"{run.strategy_label}, seed {run.seed}"


def list_runs(session: Session, experiment_id: str) -> list[Run]:
    return list(session.scalars(select(Run).where(Run.experiment_id == experiment_id).order_by(Run.position)))


def run_record(session: Session, run: Run) -> RunRecord:
    columns = (
        "id",
        "experiment_id",
        "strategy",
        "strategy_label",
        "seed",
        "status",
        "round",
        "num_rounds",
        "best_round",
        "best_dice",
        "compared",
        "failure",
        "created_at",
        "started_at",
        "finished_at",
    )
    return RunRecord(
        **{column: getattr(run, column) for column in columns},
        notes=notes_of(session, run),
        failures=failures_of(session, run),
        eta_seconds=_eta_seconds(session, run),
        early_stop=run.early_stop,
        extensions=run.extensions or [],
    )


def task_record(task: Task) -> TaskRecord:
    return TaskRecord.model_validate(task)


def _eta_seconds(session: Session, run: Run) -> float | None:
    """Rounds left times the mean of the last rounds, less what the present one has used."""
    if run.status != RunStatus.RUNNING:
        return None
    query = select(RunRound).where(RunRound.run_id == run.id, RunRound.round >= max(1, run.round - ETA_ROUNDS))
    rounds = session.scalars(query.order_by(RunRound.round)).all()
    durations = [(row.finished_at - row.opened_at).total_seconds() for row in rounds if row.finished_at]
    if not durations:
        return None
    mean = sum(durations) / len(durations)
    num_left = run.num_rounds - run.round + (1 if rounds[-1].finished_at is None else 0)
    used = (now() - rounds[-1].opened_at).total_seconds() if rounds[-1].finished_at is None else 0.0
    return max(0.0, mean * num_left - min(used, mean))
