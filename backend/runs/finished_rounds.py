"""How many rounds of a run are finished: after them a stopped run goes on, and the best of them can be tested."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db.models import Run, RunRound


def finished_rounds(session: Session, runs: Sequence[Run]) -> dict[str, int]:
    """By run id, with one query; 0 before the first. Round 0 is the initialization."""
    query = (
        select(RunRound.run_id, func.max(RunRound.round))
        .where(RunRound.run_id.in_([run.id for run in runs]), RunRound.finished_at.is_not(None))
        .group_by(RunRound.run_id)
    )
    found = dict(session.execute(query).all())
    return {run.id: found.get(run.id, 0) for run in runs}
