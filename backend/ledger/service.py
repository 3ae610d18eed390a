"""What people do with runs: start, pause, resume, cancel. A second click changes nothing."""

from sqlalchemy.orm import Session

from backend.contracts.status import TERMINAL_RUN_STATUSES, RunStatus
from backend.db.lookup import lock_row
from backend.db.models import Run
from backend.errors import TransitionNotAllowed
from backend.ledger import repository
from backend.ledger.advance import advance, cancel_open_tasks
from backend.ledger.snapshot import take_snapshot
from backend.runs import approvals
from backend.runs.failures import unfinished_of_step
from backend.runs.service import set_status
from backend.runs.words import describe_run
from backend.task_status import start_over

UNDER_WAY = frozenset({RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.EVALUATING})


def start_run(session: Session, run_id: str, actor: str) -> Run:
    """Fixes what the run works on and queues its initialization; only the first start does anything."""
    run = lock_row(session, Run, run_id)
    if run.status == RunStatus.CREATED:
        _queue_first_time(session, run, f"{actor} started {describe_run(run)}.", actor)
    return run


def pause_run(session: Session, run_id: str, actor: str) -> Run:
    """The round under way ends; the next one is not opened."""
    run = lock_row(session, Run, run_id)
    if run.status != RunStatus.PAUSED:
        message = f"{actor} paused {describe_run(run)}: the round under way ends first."
        set_status(session, run, RunStatus.PAUSED, message, actor)
    return run


def resume_run(session: Session, run_id: str, actor: str) -> Run:
    """Goes on from the last finished round; what a site completed in the broken round is kept.

    Raises TransitionNotAllowed where the run's state has no way on, with the remedy.
    """
    run = lock_row(session, Run, run_id)
    if run.status in UNDER_WAY:
        return run
    if run.status in (RunStatus.CREATED, RunStatus.COMPLETED):
        remedy = (
            "start its experiment" if run.status == RunStatus.CREATED else "give it more rounds, if it should go on"
        )
        raise TransitionNotAllowed(f"{describe_run(run)} is {run.status} and cannot be resumed: {remedy}")
    message = f"{actor} resumed {describe_run(run)}."
    if run.spec is None:
        _queue_first_time(session, run, message, actor)
        return run
    initialized = repository.latest_round(session, run) is not None
    set_status(session, run, RunStatus.RUNNING if initialized else RunStatus.QUEUED, message, actor)
    _queue_unfinished_tasks(session, run)
    advance(session, run)
    return run


def cancel_run(session: Session, run_id: str, actor: str) -> Run:
    """Queued tasks are dropped; running ones are asked to stop when they next report."""
    run = lock_row(session, Run, run_id)
    if run.status not in TERMINAL_RUN_STATUSES:
        cancel_open_tasks(session, run)
        set_status(session, run, RunStatus.CANCELLED, f"{actor} cancelled {describe_run(run)}.", actor)
    return run


def _queue_first_time(session: Session, run: Run, message: str, actor: str) -> None:
    take_snapshot(session, run)
    approvals.ask(session, run)
    set_status(session, run, RunStatus.QUEUED, message, actor)
    advance(session, run)


def _queue_unfinished_tasks(session: Session, run: Run) -> None:
    """Those of the present step only: sites that failed in an earlier, finished round stay as they were."""
    for task in unfinished_of_step(session, run):
        if task.kind == "aggregate_round":  # opened again once all trainings of the round have ended
            session.delete(task)
        else:
            start_over(session, task)
    session.flush()
