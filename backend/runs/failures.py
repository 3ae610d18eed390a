"""What failed in a run, task by task, with the remedy of its kind."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.contracts.failures import ADVICE, kind_of
from backend.contracts.status import TERMINAL_TASK_STATUSES, RunStatus, TaskStatus
from backend.db.models import Run, RunRound, Task
from backend.runs.schemas import TaskFailure

FAILED_TASKS = (TaskStatus.FAILED, TaskStatus.CRASHED)


def unfinished_of_step(session: Session, run: Run) -> list[Task]:
    """Tasks of the present step that ended without a result: of the open round, or of validation and evaluation.

    Sites that failed in an earlier, finished round are not among them."""
    return _unfinished(session, [run.id]).get(run.id, [])


def failures_of_runs(session: Session, runs: Iterable[Run]) -> dict[str, list[TaskFailure]]:
    """By run id, why a failed run failed; sites before the coordinator. With as many queries as for one run."""
    failed = [run.id for run in runs if run.status == RunStatus.FAILED]
    return {run_id: _in_order(tasks) for run_id, tasks in _unfinished(session, failed).items()} if failed else {}


def _in_order(tasks: Iterable[Task]) -> list[TaskFailure]:
    found = [failure for task in tasks if (failure := failure_of(task))]
    return sorted(found, key=lambda failure: failure.task_kind in ("initialize_run", "aggregate_round"))


def _unfinished(session: Session, run_ids: Sequence[str]) -> dict[str, list[Task]]:
    """By run id, in the order of opening."""
    latest = (
        select(RunRound.run_id, func.max(RunRound.round).label("round"))
        .where(RunRound.run_id.in_(run_ids))
        .group_by(RunRound.run_id)
        .subquery()
    )
    of_latest = (RunRound.run_id == latest.c.run_id) & (RunRound.round == latest.c.round)
    open_rounds = {
        row.run_id: None if row.finished_at is not None else row.round
        for row in session.execute(
            select(RunRound.run_id, RunRound.round, RunRound.finished_at).join(latest, of_latest)
        )
    }
    query = select(Task).where(
        Task.run_id.in_(run_ids), Task.status.in_(TERMINAL_TASK_STATUSES - {TaskStatus.COMPLETED})
    )
    found: dict[str, list[Task]] = defaultdict(list)
    for task in session.scalars(query.order_by(Task.created_at, Task.id)):
        assert task.run_id is not None
        number = open_rounds.get(task.run_id, 0)
        if number is None:
            unfinished = task.kind in ("validate_site", "evaluate_site")
        else:  # who does not train in an open round validates the one before
            unfinished = (task.round, task.kind) == (number - 1, "validate_site") or task.round == number
        if unfinished:
            found[task.run_id].append(task)
    return dict(found)


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
