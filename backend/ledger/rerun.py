"""One site's failed task again, without restarting the run: what the other sites did in the step is kept.

A rerun is the same task at its next attempt, from the same state with the same generator, so that its update has the
bits that it would have had at first. It counts for as long as nothing was built without it.
"""

from sqlalchemy.orm import Session

from backend.contracts.status import TERMINAL_TASK_STATUSES, RunStatus, TaskStatus
from backend.db.lookup import get_row, lock_row
from backend.db.models import Run, Task
from backend.errors import NotFound, RerunNotPossible
from backend.events import service as events
from backend.ledger import repository
from backend.ledger.advance import advance
from backend.runs.failures import unfinished_of_step
from backend.runs.service import set_status
from backend.runs.words import describe_run
from backend.task_status import start_over

SITE_TASKS = frozenset({"train_site", "validate_site", "evaluate_site"})
RESUME = "resume the run: it goes on from its last finished round"
NEW = "clone the experiment and start it again"


def task_of_run(session: Session, run_id: str, task_id: str) -> Task:
    """Raises NotFound, also for a task of another run."""
    task = get_row(session, Task, task_id)
    if task.run_id != run_id:
        raise NotFound(f"run {run_id} has no task {task_id}")
    return task


def rerun_task(session: Session, run_id: str, task_id: str, actor: str) -> Task:
    """Queues the task again and lets a failed run go on. A second click changes nothing. Raises RerunNotPossible."""
    run = lock_row(session, Run, run_id)
    task_of_run(session, run_id, task_id)
    task = lock_row(session, Task, task_id)
    if task.status not in TERMINAL_TASK_STATUSES:
        return task
    if problem := rerun_problem(session, run, task):
        raise RerunNotPossible(problem)
    _drop_aggregation(session, run, task)
    message = f"{actor} reruns {task.participant} in round {task.round} of {describe_run(run)}."
    if run.status == RunStatus.FAILED:
        _requeue_cancelled(session, run)
        set_status(session, run, RunStatus.RUNNING, message, actor)
    start_over(session, task)
    events.record_of_run(
        session, run, "task", message, actor, site_slug=task.participant, round=task.round, task_id=task.id
    )
    advance(session, run)
    return task


def rerun_problem(session: Session, run: Run, task: Task) -> str | None:
    """Why the task cannot be sent again, and what to do instead; None if it can."""
    place = f"{task.participant} in round {task.round}"
    if task.status == TaskStatus.COMPLETED:
        return f"{place} has handed in its result: there is nothing to rerun"
    if task.status not in TERMINAL_TASK_STATUSES:
        return f"{place} is {task.status} already: wait for its end"
    if task.kind not in SITE_TASKS:
        return f"this task is the coordinator's, not a site's: {RESUME}"
    if run.status == RunStatus.COMPLETED:
        return f"{describe_run(run)} is completed without {place}, and its results stand: {NEW}"
    if run.status == RunStatus.CANCELLED or task.status == TaskStatus.CANCELLED:
        return f"{place} was cancelled, it did not fail: {RESUME}"
    if task.kind == "train_site":
        return _training_problem(session, run, task)
    if task.kind == "validate_site" and run.best_round is not None:
        return f"the best round was chosen without the validation of {place}: {NEW} to count it in"
    return None


def _training_problem(session: Session, run: Run, task: Task) -> str | None:
    latest = repository.latest_round(session, run)
    assert latest is not None  # it had to be opened for the task to exist
    if latest.round != task.round or latest.finished_at is not None:
        return (
            f"round {task.round} was aggregated without {task.participant}, and what came after builds on it. "
            f"{task.participant} is asked again in every next round; to have it in round {task.round} too, {NEW}"
        )
    aggregations = repository.tasks_of(session, run, "aggregate_round", task.round)
    if any(aggregation.status == TaskStatus.RUNNING for aggregation in aggregations):
        return (
            f"round {task.round} is being aggregated without {task.participant} just now. "
            f"{task.participant} is asked again in the next round"
        )
    return None


def _drop_aggregation(session: Session, run: Run, task: Task) -> None:
    """One that nobody has begun, or that failed, is opened again once the site has ended: with its update."""
    if task.kind == "train_site":
        for aggregation in repository.tasks_of(session, run, "aggregate_round", task.round):
            session.delete(aggregation)
        session.flush()


def _requeue_cancelled(session: Session, run: Run) -> None:
    """What the run's failure stopped goes on; other failed sites stay failed until they are rerun too."""
    for task in unfinished_of_step(session, run):
        if task.status == TaskStatus.CANCELLED and task.kind != "aggregate_round":
            start_over(session, task)
