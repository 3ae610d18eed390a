"""A quorum means: those who are there go on. Ends the tasks of sites that are waited for no longer."""

from sqlalchemy.orm import Session

from backend.clock import now
from backend.db.models import Run, Task
from backend.events import service as events
from backend.ledger.advance import advance
from backend.runs.waiting import ABSENT, Wait, overdue
from backend.runs.words import describe_run
from backend.task_status import Failure, fail

#: What the step goes on without, by the kind of its tasks.
STEPS = {"train_site": "round {round}", "validate_site": "the validation", "evaluate_site": "the test of round {round}"}


def go_on_without_overdue(session: Session, run: Run) -> None:
    """The caller holds the run's lock. Changes nothing where nobody's time is over."""
    waits = overdue(session, run)
    for wait in waits:
        _give_up(session, run, wait)
    if waits:
        advance(session, run)


def _give_up(session: Session, run: Run, wait: Wait) -> None:
    """Its worker, should it be at work, is refused at its next report and drops what it has."""
    task = wait.task
    why = _why(wait)
    fail(task, Failure(ABSENT, f"the run went on without it: it {why}"))
    step = STEPS[task.kind].format(round=task.round)
    message = f"{describe_run(run)}: {step} goes on without {task.participant}, which {why}."
    about = {"site_slug": task.participant, "round": task.round, "task_id": task.id}
    events.record_of_run(session, run, "task", message, events.BACKEND, level="warning", **about)


def _why(wait: Wait) -> str:
    since = f"{wait.since:%Y-%m-%d %H:%M} UTC"
    match wait.reason:
        case "offline":
            return f"is offline since {since}"
        case "working":
            return f"is at work since {since} and takes too long ({wait.task.fraction:.0%} done)"
        case "not_approved":
            return f"was asked {since} to approve the run and has not decided"
        case "paused" if wait.pause is not None:
            return f"pauses since {since}, because its policy {wait.pause.said} ({wait.pause.line})"
        case _:
            return f"has not begun since {since}"


def note_late_work(session: Session, run: Run, task: Task) -> None:
    """Says once that what a site does or hands in comes too late."""
    if task.failure_detail is not None:
        return
    task.failure_detail = f"its worker reported at {now():%Y-%m-%d %H:%M:%S} UTC, too late"
    worker = task.worker or "its worker"
    message = (
        f"{describe_run(run)}, round {task.round}, {task.participant}: the work of {worker} comes too late and "
        "is dropped; the site takes part again in the next round."
    )
    about = {"site_slug": task.participant, "round": task.round, "task_id": task.id}
    events.record_of_run(session, run, "task", message, events.BACKEND, level="warning", **about)
