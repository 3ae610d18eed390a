"""The best round of a run: the ledger's validation scores, and what the rule makes of them."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.contracts.best_round import ValidationScore, best_among
from backend.contracts.best_round import keepable_rounds as keepable_among
from backend.contracts.status import TaskStatus
from backend.contracts.tasks import POOLED
from backend.db.models import Run, RunRound, Task
from backend.events import service as events
from backend.ledger import repository
from backend.runs.validation_scores import validation_scores
from backend.runs.words import describe_run
from backend.site_names import site_names_of_runs


def choose_best_round(session: Session, run: Run) -> None:
    """Sets `best_round`, `best_dice` and `compared`, and warns of sites or rounds that could not be compared.

    Without any validation case the last round is taken, and a warning says so.
    """
    expected = _with_validation_cases(session, run)
    best = best_among(_candidates(session, run), expected)
    if best is None:
        run.best_round, run.best_dice, run.compared = run.num_rounds, None, None
        why = "no participant's validation scores are here" if expected else "no participant has validation cases"
        closed = " A hospital's policy states none over fewer cases than its minimum." if expected else ""
        _warn(
            session,
            run,
            f"{why}, so the last round is taken as the best.{closed} "
            "Register more cases, or a larger share for validation.",
        )
        return
    run.best_round, run.best_dice, run.compared = best.round, best.dice, best
    if note := best.note(site_names_of_runs(session, [run.id]).get(run.id, {})):
        _warn(session, run, note)


def keepable_rounds(session: Session, run: Run) -> set[int]:
    """Of the rounds whose state is here, those that may still become the best; after the choice only the chosen one.

    A round whose validation is not over yet, or could be made up for by a resume, is among them.
    """
    if run.best_round is not None and not is_being_extended(run):
        return {run.best_round}
    columns = (RunRound.round, RunRound.removed_at)
    is_finished = (RunRound.run_id == run.id, RunRound.round >= 1, RunRound.finished_at.is_not(None))
    rows = session.execute(select(*columns).where(*is_finished)).all()
    finished = {number for number, _ in rows}
    kept = {number for number, removed_at in rows if removed_at is None}
    settled = _settled(session, run, finished)
    scores = {number: found for number, found in _candidates(session, run).items() if number in settled}
    return (kept - settled) | keepable_among(scores, run.num_rounds, kept)


def is_being_extended(run: Run) -> bool:
    """Its best round is that of before: it was given more rounds, which are not all trained yet."""
    return run.extensions is not None and not run.extensions[-1].evaluation_replaced


def _candidates(session: Session, run: Run) -> dict[int, dict[str, ValidationScore]]:
    """Of a run that was given more rounds, those of before it that lost to its best round are not compared again: their
    states need not be kept any more."""
    passed_over = {
        number
        for extension in run.extensions or []
        for number in range(1, extension.from_round)
        if number != extension.best_round
    }
    return {number: found for number, found in validation_scores(session, run).items() if number not in passed_over}


def _with_validation_cases(session: Session, run: Run) -> list[str]:
    manifests = [row.manifest for row in repository.run_datasets(session, run.id)]
    sites = {data.site for data in manifests if any(case.split == "val" for case in data.cases)}
    return [name for name in run.participants or [] if name in sites or (name == POOLED and sites)]


def _settled(session: Session, run: Run, finished: set[int]) -> set[int]:
    """Rounds of which no score comes any more: those that train validate them in the next round, which is finished;
    the others by tasks of their own, all of which succeeded (one that failed is sent again when the run is resumed)."""
    query = select(Task.round).where(
        Task.run_id == run.id, Task.kind == "validate_site", Task.status != TaskStatus.COMPLETED
    )
    pending = set(session.scalars(query))
    return {number for number in finished if number + 1 in finished and number not in pending}


def _warn(session: Session, run: Run, text: str) -> None:
    message = f"{describe_run(run)}: {text}"
    events.record_of_run(session, run, "status", message, events.BACKEND, level="warning", round=run.best_round)
