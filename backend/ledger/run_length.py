"""How long a run trains: early stopping, and what of an evaluation a longer run replaces."""

from sqlalchemy import delete
from sqlalchemy.orm import Session

from backend.contracts.early_stopping import stops
from backend.contracts.run_length import EarlyStop
from backend.contracts.status import TERMINAL_TASK_STATUSES
from backend.db.models import Run, Task
from backend.evaluations import service as evaluations
from backend.events import service as events
from backend.ledger import repository
from backend.ledger.best_round import is_being_extended
from backend.runs.validation_scores import validation_scores
from backend.runs.words import describe_run


def waits_for_scores(session: Session, run: Run, finished: int) -> bool:
    """Whether early stopping still waits for those who validate the round before without training from it.

    So the same scores are weighed in whatever order sites answer. Without early stopping nobody waits.
    """
    if _patience(run) is None or finished >= run.num_rounds:
        return False
    idle = repository.tasks_of(session, run, "validate_site", finished - 1)
    return any(task.status not in TERMINAL_TASK_STATUSES for task in idle)


def stop_early(session: Session, run: Run, finished: int) -> bool:
    """Ends the training after this round if the validation has gained nothing for long enough, and records it.

    What is weighed: the rounds before `finished`, whose own state is validated at the start of the next round only.
    """
    patience = _patience(run)
    if patience is None or run.spec is None:
        return False
    scores = {number: found for number, found in validation_scores(session, run).items() if number < finished}
    found = stops(scores, patience, run.spec.config.schedule.minimum_gain, _counted_since(run))
    if found is None:
        return False
    run.early_stop = EarlyStop(
        round=finished,
        gained_in=found.gained_in,
        waited_rounds=found.waited,
        planned_rounds=run.spec.config.schedule.rounds,
    )
    run.num_rounds = finished
    message = f"{describe_run(run)} {run.early_stop.in_words()}; the last gain was in round {found.gained_in}."
    events.record_of_run(session, run, "status", message, events.BACKEND, round=finished)
    return True


def drop_replaced_evaluation(session: Session, run: Run) -> None:
    """Makes room for the evaluation of a longer run; that of before could be read until now."""
    if run.extensions is None or not is_being_extended(run):
        return
    evaluations.forget_evaluation(session, run.id)
    session.execute(delete(Task).where(Task.run_id == run.id, Task.kind == "evaluate_site"))
    session.flush()
    run.best_round = run.best_dice = run.compared = None
    run.extensions = [*run.extensions[:-1], run.extensions[-1].model_copy(update={"evaluation_replaced": True})]


def _patience(run: Run) -> int | None:
    return run.spec.config.schedule.patience if run.spec else None


def _counted_since(run: Run) -> int:
    """Somebody who gave a stopped run more rounds wants them: what was waited before does not count again."""
    return max((e.from_round for e in run.extensions or [] if e.early_stop), default=0)
