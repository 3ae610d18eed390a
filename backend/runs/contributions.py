"""Whose updates a run's models are made of: those that were aggregated, round by round."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from backend.contracts.status import TaskStatus
from backend.db.models import Run, RunRound, Task


def used_rounds(session: Session, run: Run, last_round: int | None = None) -> dict[str, list[int]]:
    """Participant to the rounds, ascending, in which its update was aggregated; all participants of the run, in order.

    An update that was refused, or that a round went on without, is not among them. last_round: up to this one.
    """
    query = _used([run.id]).with_only_columns(Task.participant, Task.round)
    if last_round is not None:
        query = query.where(Task.round <= last_round)
    found: dict[str, list[int]] = {participant: [] for participant in run.participants or []}
    for row in session.execute(query.order_by(Task.round)):
        found.setdefault(row.participant, []).append(row.round)
    return found


def rounds_in_models(session: Session, runs: Iterable[Run]) -> dict[str, dict[str, list[int]]]:
    """By run id, what `used_rounds` says up to each run's best round, with one query for all."""
    of_runs = {run.id: run for run in runs}
    found: dict[str, dict[str, list[int]]] = {
        run.id: {participant: [] for participant in run.participants or []} for run in of_runs.values()
    }
    query = _used(of_runs).join(Run, Run.id == Task.run_id).where(_in_models())
    for row in session.execute(query.order_by(Task.round)):
        found[row.run_id].setdefault(row.participant, []).append(row.round)
    return found


def unused_participants(session: Session, runs: Iterable[Run]) -> dict[str, list[str]]:
    """Run id to those of its participants, in order, of whom no update is in the models of its best round;
    runs where there are none are left out."""
    of_runs = {run.id: run for run in runs}
    # Nearly always everybody is in the best round itself, and the earlier ones need not be read.
    unused = _unused(session, of_runs, Task.round == func.coalesce(Run.best_round, Run.num_rounds))
    return _unused(session, {run_id: of_runs[run_id] for run_id in unused}, _in_models())


def _unused(session: Session, of_runs: Mapping[str, Run], where: ColumnElement[bool]) -> dict[str, list[str]]:
    """Run id to those of whom no update was aggregated in the rounds; runs where there are none are left out."""
    if not of_runs:
        return {}
    query = _used(of_runs).join(Run, Run.id == Task.run_id).where(where)
    used: dict[str, set[str]] = defaultdict(set)
    for row in session.execute(query.with_only_columns(Task.run_id, Task.participant).distinct()):
        used[row.run_id].add(row.participant)
    found = {
        run_id: [participant for participant in run.participants or [] if participant not in used[run_id]]
        for run_id, run in of_runs.items()
    }
    return {run_id: participants for run_id, participants in found.items() if participants}


def _in_models() -> ColumnElement[bool]:
    return Task.round <= func.coalesce(Run.best_round, Run.num_rounds)


def _used(run_ids: Iterable[str]) -> Select[str | None, str, int]:
    """Trainings whose updates were aggregated."""
    finished = (RunRound.run_id == Task.run_id) & (RunRound.round == Task.round) & RunRound.finished_at.is_not(None)
    return (
        select(Task.run_id, Task.participant, Task.round)
        .join(RunRound, finished)
        .where(Task.run_id.in_(list(run_ids)), Task.kind == "train_site", Task.status == TaskStatus.COMPLETED)
    )
