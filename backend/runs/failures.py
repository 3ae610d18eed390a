"""What failed in a run, task by task, with the remedy of its kind."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.contracts.failures import ADVICE, kind_of
from backend.contracts.status import TERMINAL_TASK_STATUSES, RunStatus, TaskStatus
from backend.db.models import Run, RunRound, Task
from backend.runs.schemas import TaskFailure

FAILED_TASKS = (TaskStatus.FAILED, TaskStatus.CRASHED)


def unfinished_of_step(session: Session, run: Run) -> list[Task]:
    """Tasks of the present step that ended without a result: of the open round, or of validation and evaluation.

    Sites that failed in an earlier, finished round are not among them."""
    query = select(RunRound).where(RunRound.run_id == run.id).order_by(RunRound.round.desc()).limit(1)
    latest = session.scalars(query).one_or_none()
    ended_badly = select(Task).where(
        Task.run_id == run.id, Task.status.in_(TERMINAL_TASK_STATUSES - {TaskStatus.COMPLETED})
    )
    if latest is not None and latest.finished_at is not None:
        ended_badly = ended_badly.where(Task.kind.in_(("validate_site", "evaluate_site")))
    else:
        ended_badly = ended_badly.where(Task.round == (latest.round if latest is not None else 0))
    return list(session.scalars(ended_badly.order_by(Task.created_at, Task.id)))


def failures_of(session: Session, run: Run) -> list[TaskFailure]:
    """Why a failed run failed; sites before the coordinator."""
    if run.status != RunStatus.FAILED:
        return []
    found = [failure for task in unfinished_of_step(session, run) if (failure := failure_of(task))]
    return sorted(found, key=lambda failure: failure.task_kind in ("initialize_run", "aggregate_round"))


def failure_of(task: Task) -> TaskFailure | None:
    """None of a task that has not failed."""
    if task.status not in FAILED_TASKS:
        return None
    kind = kind_of(task.failure_kind)
    return TaskFailure(
        kind=kind,
        title=ADVICE[kind].title,
        cause=task.error or f"it {task.status}",
        remedy=ADVICE[kind].remedy,
        participant=task.participant,
        round=task.round,
        task_id=task.id,
        task_kind=task.kind,
        attempt=task.attempt,
        worker=task.worker,
        at=task.finished_at,
    )
