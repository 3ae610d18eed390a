"""Ends a run's training before its planned rounds, because somebody wants its best round so far tested."""

from sqlalchemy import delete
from sqlalchemy.orm import Session

from backend.contracts.run_length import EarlyStop
from backend.contracts.status import RunStatus
from backend.db.lookup import lock_row
from backend.db.models import Metric, Run, RunRound, Task
from backend.errors import TransitionNotAllowed
from backend.ledger.advance import advance, cancel_open_tasks
from backend.ledger.service import resume_run
from backend.runs.early_end import end_refusal
from backend.runs.finished_rounds import finished_rounds
from backend.runs.service import set_status
from backend.runs.words import describe_run


def finish_run(session: Session, run_id: str, actor: str) -> Run:
    """Tests a stopped run's best round so far, as if its last finished round had been the last planned one.

    What sites did in a later round that never ended is dropped. The run is then completed like any other, and can be
    given more rounds. A second click changes nothing.

    Raises TransitionNotAllowed for a run that is under way or has no finished round, and for one whose method does
    something in its last rounds alone.
    """
    run = lock_row(session, Run, run_id)
    if run.status in (RunStatus.EVALUATING, RunStatus.COMPLETED):
        return run
    finished = finished_rounds(session, [run])[run.id]
    if refusal := end_refusal(run, finished):
        raise TransitionNotAllowed(refusal)
    if finished == run.num_rounds:
        return resume_run(session, run_id, actor)
    _drop_open_round(session, run, finished)
    planned = run.early_stop.planned_rounds if run.early_stop else run.num_rounds
    run.early_stop = EarlyStop(round=finished, planned_rounds=planned, by=actor)
    run.num_rounds = run.round = finished
    message = f"{actor} ended the training of {describe_run(run)} after round {finished} of {planned}."
    set_status(session, run, RunStatus.RUNNING, message, actor)
    advance(session, run)
    return run


def _drop_open_round(session: Session, run: Run, finished: int) -> None:
    """A worker whose task is gone hears of it at its next report and ends its work. Everybody validates the last state
    anew: where a site trained, its validation was a part of the round that is dropped."""
    cancel_open_tasks(session, run)
    session.flush()
    session.execute(delete(Task).where(Task.run_id == run.id, Task.round > finished))
    session.execute(delete(Task).where(Task.run_id == run.id, Task.kind == "validate_site", Task.round == finished))
    session.execute(delete(RunRound).where(RunRound.run_id == run.id, RunRound.round > finished))
    session.execute(delete(Metric).where(Metric.run_id == run.id, Metric.round > finished))
    session.flush()
