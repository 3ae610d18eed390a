"""What workers do with tasks: claim, report, complete, fail. Everything may be said twice, and late.

Locks are always taken in the same order, run before task, so that two reports never wait for each other.
"""

from datetime import timedelta
from typing import Any, cast

from sqlalchemy.orm import Session

from backend.artifacts.service import require_artifacts
from backend.artifacts.store import ArtifactStore
from backend.clock import now
from backend.contracts.status import TERMINAL_TASK_STATUSES, TaskStatus
from backend.contracts.task_kinds import TASK_CARDS, TaskKind
from backend.contracts.tasks import (
    ClaimedTask,
    CompleteRequest,
    FailRequest,
    ProgressAnswer,
    ProgressReport,
    TaskResult,
    TrainSiteResult,
)
from backend.contracts.values import stored_values
from backend.db.lookup import lock_row
from backend.db.models import Run, Task
from backend.errors import AttemptSuperseded, Conflict, InvalidInput, TaskNotClaimable
from backend.events import service as events
from backend.ledger.absences import note_late_work
from backend.ledger.payloads import manifests_of
from backend.ledger.plausible import require_plausible_metrics
from backend.ledger.results import store_metrics
from backend.ledger.said import count_said, words
from backend.ledger.update_checks import problem_of_update
from backend.runs.waiting import ABSENT
from backend.task_owners import owner_of
from backend.task_status import Failure, claim, complete, enqueue, fail

#: Attempts that may be lost, or fail for a passing reason, before the task is given up.
MAX_FAILURES = 3


def claim_task(session: Session, task_id: str, worker: str, lease_seconds: float) -> ClaimedTask:
    """queued -> running for exactly one worker. Raises TaskNotClaimable for everybody else."""
    _lock_run_of(session, task_id)
    task = claim(session, task_id, worker, lease_seconds)
    if task is None:
        raise TaskNotClaimable(f"task {task_id} is not queued: another worker has it or it is over; drop the message")
    _say(session, task, f"{worker} is {_doing(task)}", worker)
    with stored_values():
        payload = owner_of(task).payload(session, task)
    return ClaimedTask(task_id=task.id, attempt=task.attempt, lease_seconds=lease_seconds, payload=payload)


def correlation_id_of(session: Session, task_id: str) -> str | None:
    """Of the request that the task goes back to."""
    return session.get_one(Task, task_id).correlation_id


def report_progress(session: Session, task_id: str, report: ProgressReport, lease_seconds: float) -> ProgressAnswer:
    """Renews the lease and keeps metrics and log lines; says stop once the task is cancelled or given up."""
    task = lock_task(session, task_id)
    if task.attempt == report.attempt and task.status == TaskStatus.CANCELLED:
        return ProgressAnswer(action="stop", lease_seconds=lease_seconds)
    if _is_too_late(session, task, report.attempt):
        return ProgressAnswer(action="stop", lease_seconds=lease_seconds)
    _require_current(task, report.attempt)
    if report.fraction > task.fraction:
        task.fraction, task.progress_at = report.fraction, now()
    task.step = report.step
    task.lease_expires_at = now() + timedelta(seconds=lease_seconds)
    worker = task.worker or "worker"
    for line in report.logs:
        _say(session, task, line.message, worker, kind="log", level=line.level)
    if task.run_id is not None and report.metrics:
        run = session.get_one(Run, task.run_id)
        require_plausible_metrics(session, run, task, report.metrics)
        if store_metrics(session, run, task.participant, report.metrics):
            _say(session, task, f"{task.participant} reported metrics", worker, kind="metrics")
    return ProgressAnswer(action="continue", lease_seconds=lease_seconds)


def complete_task(
    session: Session, store: ArtifactStore, task_id: str, request: CompleteRequest
) -> Conflict | InvalidInput | None:
    """Writes the result and, in the same transaction, opens whatever is due next. Completing twice changes nothing.

    Returns, rather than raises, a refusal that changes the ledger: of what came too late, and of an update that cannot
    be used, whose attempt ends with it.

    Raises InvalidInput for a result of another kind than the task.
    """
    task = lock_task(session, task_id)
    if task.attempt == request.attempt and task.status == TaskStatus.COMPLETED:
        return None
    if _is_too_late(session, task, request.attempt):
        return AttemptSuperseded(f"task {task.id} was given up because its result came too late: drop it")
    _require_current(task, request.attempt)
    worker, owner = task.worker or "worker", owner_of(task)
    if request.result.kind != task.kind:
        remedy = f"complete a {task.kind} task with its own result"
        raise InvalidInput.of_field("result.kind", request.result.kind, f"does not fit a {task.kind} task", remedy)
    owner.check(session, task, request.result)
    if problem := _problem_of(session, store, task, request.result):
        failure = Failure("update_refused", f"the update was refused: {problem}")
        end_attempt(session, task, failure, True, TaskStatus.FAILED, events.BACKEND)
        return InvalidInput.of_field("result", task.participant, problem, "the attempt is over: train again")
    complete(task)
    owner.store(session, task, request.result)
    _announce(session, task, f"{worker} completed {_doing(task)}", worker)
    owner.go_on(session, task)
    return None


def _is_too_late(session: Session, task: Task, attempt: int) -> bool:
    """Whether the run has gone on without the task, which its worker learns by this report."""
    if task.attempt != attempt or task.failure_kind != ABSENT or task.run_id is None:
        return False
    note_late_work(session, session.get_one(Run, task.run_id), task)
    return True


def _problem_of(session: Session, store: ArtifactStore, task: Task, result: TaskResult) -> str | None:
    """Of a training's result, once its artifacts are there."""
    if not isinstance(result, TrainSiteResult) or task.kind != result.kind or task.run_id is None:
        return None
    require_artifacts(session, set(result.parts.values()))
    run = session.get_one(Run, task.run_id)
    return problem_of_update(session, store, run, task, manifests_of(session, run, task.participant), result)


def fail_task(session: Session, task_id: str, request: FailRequest) -> None:
    """A passing cause is tried again, a lasting one ends the task, a task given back is queued as if never claimed.

    Failing twice changes nothing.

    Raises AttemptSuperseded for a task that is completed.
    """
    task = lock_task(session, task_id)
    if task.attempt == request.attempt and task.status != TaskStatus.RUNNING:
        if task.status == TaskStatus.COMPLETED:
            raise AttemptSuperseded(f"task {task_id} is completed already: its failure is ignored")
        return
    _require_current(task, request.attempt)
    worker = task.worker or "worker"
    if request.released:
        why = request.message if request.kind == "site_refused" else "it shuts down"
        _say(session, task, f"{_doing(task)} was given back by {worker}: {why}", worker)
        enqueue(session, task)
        return
    if request.detail:
        _announce(session, task, request.detail, worker, kind="log", level="error")
    failure = Failure(request.kind, request.message, request.detail or None)
    end_attempt(session, task, failure, request.retryable, TaskStatus.FAILED, worker)


def end_attempt(
    session: Session, task: Task, failure: Failure, retryable: bool, final_status: TaskStatus, actor: str
) -> None:
    """Queues the task again, or gives it up with `final_status`. The caller holds the locks of run and task."""
    owner = owner_of(task)
    private = owner.event_place(session, task).private
    reason = "why stands with what was asked" if private else failure.message
    task.failures += 1
    if retryable and task.failures < MAX_FAILURES:
        text = f"{_doing(task)} is tried again ({task.failures} of {MAX_FAILURES} attempts lost): {reason}"
        _announce(session, task, text, actor, level="warning")
        enqueue(session, task)
        return
    fail(task, failure, final_status)
    text = f"{_doing(task)} {final_status}: {reason}"
    _announce(session, task, text, actor, level="warning" if private else "error")
    owner.give_up(session, task, failure.message, actor)
    owner.go_on(session, task)


def lock_task(session: Session, task_id: str) -> Task:
    """Locks the task's run, then the task. Raises TaskNotClaimable when it was deleted."""
    _lock_run_of(session, task_id)
    return lock_row(session, Task, task_id)


def _lock_run_of(session: Session, task_id: str) -> None:
    task = session.get(Task, task_id)
    if task is None:
        raise TaskNotClaimable(f"there is no task {task_id} any more: drop the message")
    if task.run_id is not None:
        lock_row(session, Run, task.run_id)


def _require_current(task: Task, attempt: int) -> None:
    if task.attempt == attempt and task.status == TaskStatus.RUNNING:
        return
    state = f"is {task.status}" if task.status in TERMINAL_TASK_STATUSES else f"is at attempt {task.attempt}"
    raise AttemptSuperseded(f"attempt {attempt} of task {task.id} does not count any more, the task {state}: drop it")


def _doing(task: Task) -> str:
    return TASK_CARDS[cast(TaskKind, task.kind)].doing


def _say(
    session: Session,
    task: Task,
    message: str,
    worker: str,
    kind: events.Kind = "task",
    level: events.Level = "info",
) -> None:
    """What a worker can say as often as it likes: up to the quotas of its task and of its day. Its caller holds the
    task's lock."""
    match count_said(task):
        case "kept":
            _announce(session, task, message, worker, kind, level, quota_of=worker)
        case "first_dropped":
            _announce(session, task, words(task), events.BACKEND, level="warning")


def _announce(
    session: Session,
    task: Task,
    message: str,
    actor: str,
    kind: events.Kind = "task",
    level: events.Level = "info",
    quota_of: str | None = None,
) -> None:
    about: dict[str, Any] = {
        "site_slug": task.participant,
        "round": task.round,
        "task_id": task.id,
        "quota_of": quota_of,
    }
    place = owner_of(task).event_place(session, task)
    if place.private and kind == "log":
        return
    if place.run is not None:
        text = place.prefix + message if kind == "task" else message
        events.record_of_run(session, place.run, kind, text, actor, level, **about)
        return
    about |= {"federation_id": place.federation_id, "dataset_id": place.dataset_id}
    events.record(session, kind, message, actor, level, **about)
