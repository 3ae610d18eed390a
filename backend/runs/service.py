"""Runs: the one writer of their status, and their records."""

from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import VERSION
from backend.clock import now
from backend.contracts.status import TERMINAL_RUN_STATUSES, TRANSITIONS, RunStatus
from backend.contracts.task_kinds import TaskKind
from backend.db.models import Run, RunRound, Task
from backend.errors import TransitionNotAllowed
from backend.events import service as events
from backend.runs.failures import failures_of
from backend.runs.notes import notes_of
from backend.runs.schemas import RunRecord, TaskRecord, WaitedFor
from backend.runs.threshold import used_gamma
from backend.runs.waiting import Wait, waits_of

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
    waits = waits_of(session, run)
    return RunRecord(
        **{column: getattr(run, column) for column in columns},
        gamma=used_gamma(session, run, run.best_round),
        notes=notes_of(session, run),
        failures=failures_of(session, run),
        waits_for=[_waited_for(wait) for wait in waits if wait.late],
        eta_seconds=_eta_seconds(session, run, waits),
        early_stop=run.early_stop,
        extensions=run.extensions or [],
    )


def task_record(task: Task) -> TaskRecord:
    return TaskRecord.model_validate(task)


def _waited_for(wait: Wait) -> WaitedFor:
    return WaitedFor(
        participant=wait.task.participant,
        task_kind=cast(TaskKind, wait.task.kind),
        round=wait.task.round,
        reason=wait.reason,
        since=wait.since,
        goes_on_at=wait.until,
        needed=wait.needed,
    )


def _eta_seconds(session: Session, run: Run, waits: list[Wait]) -> float | None:
    """Rounds left times the mean of the last rounds, less what the present one has used; at least until the present
    one goes on without those who are absent. None while nobody can say when that is."""
    if run.status != RunStatus.RUNNING:
        return None
    query = select(RunRound).where(RunRound.run_id == run.id, RunRound.round >= max(1, run.round - ETA_ROUNDS))
    rounds = session.scalars(query.order_by(RunRound.round)).all()
    durations = [(row.finished_at - row.opened_at).total_seconds() for row in rounds if row.finished_at]
    if not durations:
        return None
    mean = sum(durations) / len(durations)
    ends_of_waiting = [wait.until for wait in waits if wait.late and wait.reason != "working"]
    if None in ends_of_waiting:
        return None
    rest = max(((end - now()).total_seconds() for end in ends_of_waiting if end), default=0.0)
    if rounds[-1].finished_at is None:
        rest = max(rest, mean - (now() - rounds[-1].opened_at).total_seconds(), 0.0)
    return max(0.0, mean * (run.num_rounds - run.round) + rest)
