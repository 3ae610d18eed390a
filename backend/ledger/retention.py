"""Which rounds' states are kept, and when the others' files are let go.

What a run is resumed from, what may still be chosen, and what is looked at afterwards stay; results do not depend on
what goes. The rows of the rounds stay with their hashes, as a record; a sweep removes the files.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.clock import now
from backend.db.models import Run, RunRound
from backend.ledger.best_round import is_being_extended, keepable_rounds
from backend.ledger.history_rounds import even_rounds, shown_rounds, thinned_rounds

#: The last finished round, and the one before it: from there a run goes on if the last one's files are damaged.
LATEST = 2


def release_states(session: Session, run: Run) -> None:
    """Lets go of what is not needed any more. The caller holds the run's lock; a round was just finished, or a test."""
    if run.spec is None or run.spec.config.retention == "all":
        return
    session.flush()
    finished = select(RunRound).where(
        RunRound.run_id == run.id, RunRound.finished_at.is_not(None), RunRound.removed_at.is_(None)
    )
    rows = list(session.scalars(finished.order_by(RunRound.round)))
    if len(rows) <= LATEST:
        return
    kept = _kept_rounds(session, run, [row.round for row in rows])
    for row in rows:
        if row.round not in kept:
            row.removed_at = now()


def _kept_rounds(session: Session, run: Run, finished: list[int]) -> set[int]:
    assert run.spec is not None
    most = run.spec.config.evaluation.history_rounds
    if run.best_round is not None and not is_being_extended(run):
        return {run.best_round, run.num_rounds, finished[-1], *shown_rounds(run)}
    of_before = set() if run.best_round is None else {run.best_round}  # of a run that was given more rounds
    may_stop = run.spec.config.schedule.patience is not None
    shown = {*even_rounds(run.num_rounds, most), *(thinned_rounds(finished[-1], most) if may_stop else ())}
    return {*finished[-LATEST:], *shown, *keepable_rounds(session, run), *of_before}
