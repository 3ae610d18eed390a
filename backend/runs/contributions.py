"""Whose updates a run's models are made of: those that were aggregated, round by round."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.contracts.status import TaskStatus
from backend.db.models import Run, RunRound, Task


def used_rounds(session: Session, run: Run, last_round: int | None = None) -> dict[str, list[int]]:
    """Participant to the rounds, ascending, in which its update was aggregated; all participants of the run, in order.

    An update that was refused, or that a round went on without, is not among them. last_round: up to this one.
    """
    finished = select(RunRound.round).where(RunRound.run_id == run.id, RunRound.finished_at.is_not(None))
    query = select(Task.participant, Task.round).where(
        Task.run_id == run.id,
        Task.kind == "train_site",
        Task.status == TaskStatus.COMPLETED,
        Task.round.in_(finished),
    )
    if last_round is not None:
        query = query.where(Task.round <= last_round)
    found: dict[str, list[int]] = {participant: [] for participant in run.participants or []}
    for row in session.execute(query.order_by(Task.round)):
        found.setdefault(row.participant, []).append(row.round)
    return found
