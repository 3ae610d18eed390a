"""The one writer of a task's status: queued, running, and how it ended."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from backend.clock import now
from backend.contracts.failures import FailureKind
from backend.contracts.status import TaskStatus
from backend.db.models import Task
from backend.db.session import buffer_message, wake_sites
from backend.joined_sites import joined_among


@dataclass(frozen=True)
class Failure:
    """Why an attempt ended: `message` for people, `detail` (a traceback) for those who mend it."""

    kind: FailureKind
    message: str
    detail: str | None = None


def enqueue(session: Session, *tasks: Task) -> None:
    """Marks the tasks as queued; their messages leave after the commit."""
    for task in tasks:
        task.status = TaskStatus.QUEUED
        task.queued_at = task.sent_at = now()
        task.worker = None
        task.fraction = 0.0
        task.step = None
        task.progress_at = task.started_at = task.finished_at = task.lease_expires_at = None
    session.add_all(tasks)
    session.flush()
    joined = joined_among(session, {task.queue for task in tasks})
    for task in tasks:
        if task.queue in joined:  # a hospital that joined asks for its tasks itself
            wake_sites(session)
        else:
            buffer_message(session, task.queue, task.id)


def forget_failures(task: Task) -> None:
    """Gives the task all its attempts again."""
    task.failures = 0
    _set_failure(task, None)


def start_over(session: Session, task: Task) -> None:
    """Queues the task as if it had never failed."""
    forget_failures(task)
    enqueue(session, task)


def claim(session: Session, task_id: str, worker: str, lease_seconds: float) -> Task | None:
    """queued -> running: the task as it is now, for exactly one of all that try."""
    statement = (
        update(Task)
        .where(Task.id == task_id, Task.status == TaskStatus.QUEUED)
        .values(
            status=TaskStatus.RUNNING,
            attempt=Task.attempt + 1,
            worker=worker,
            fraction=0.0,
            started_at=now(),
            lease_expires_at=now() + timedelta(seconds=lease_seconds),
        )
        .returning(Task)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    return session.scalars(statement).one_or_none()


def complete(task: Task) -> None:
    task.fraction = 1.0
    _end(task, TaskStatus.COMPLETED, None)


def cancel(task: Task) -> None:
    """A worker that is at it hears of it in the answer to its next report."""
    _end(task, TaskStatus.CANCELLED, None)


def fail(task: Task, failure: Failure, status: TaskStatus = TaskStatus.FAILED) -> None:
    """Ends the task without a result. status: CRASHED where its worker was lost."""
    _end(task, status, failure)


def withdraw(task: Task, failure: Failure) -> None:
    """A completed task whose result cannot be used. When its work ended stays as it was."""
    task.status = TaskStatus.FAILED
    _set_failure(task, failure)


def _end(task: Task, status: TaskStatus, failure: Failure | None) -> None:
    task.status, task.step = status, None
    task.finished_at, task.lease_expires_at = now(), None
    _set_failure(task, failure)


def _set_failure(task: Task, failure: Failure | None) -> None:
    task.error = failure.message if failure else None
    task.failure_kind = failure.kind if failure else None
    task.failure_detail = failure.detail if failure else None
