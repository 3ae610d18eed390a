"""Ends a run's training before its planned rounds, because somebody wants its best round so far tested."""

from sqlalchemy import delete
from sqlalchemy.orm import Session

from backend.contracts.methods.personalized import FineTuningConfig
from backend.contracts.run_length import EarlyStop
from backend.contracts.status import RunStatus
from backend.db.lookup import lock_row
from backend.db.models import Metric, Run, RunRound, Task
from backend.errors import TransitionNotAllowed
from backend.ledger.advance import advance, cancel_open_tasks
from backend.ledger.service import resume_run
from backend.runs.finished_rounds import finished_rounds
from backend.runs.service import describe_run, set_status

#: In these nothing is trained, or what is can be given up.
STOPPED = frozenset({RunStatus.PAUSED, RunStatus.FAILED, RunStatus.CANCELLED})


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
    if run.status not in STOPPED:
        remedy = "pause or cancel it first" if run.status != RunStatus.CREATED else "start its experiment"
        raise TransitionNotAllowed(f"{describe_run(run)} is {run.status} and its training cannot be ended: {remedy}")
    finished = finished_rounds(session, [run])[run.id]
    if finished == 0:
        raise TransitionNotAllowed(
            f"{describe_run(run)} has finished no round, so there is nothing to test: resume it, or start it again"
        )
    if finished == run.num_rounds:
        return resume_run(session, run_id, actor)
    if reason := _needs_its_last_rounds(run):
        raise TransitionNotAllowed(
            f"{reason}: resume {describe_run(run)}, or copy its experiment with at most {finished} rounds"
        )
    _drop_open_round(session, run, finished)
    planned = run.early_stop.planned_rounds if run.early_stop else run.num_rounds
    run.early_stop = EarlyStop(round=finished, planned_rounds=planned, by=actor)
    run.num_rounds = run.round = finished
    message = f"{actor} ended the training of {describe_run(run)} after round {finished} of {planned}."
    set_status(session, run, RunStatus.RUNNING, message, actor)
    advance(session, run)
    return run


def _needs_its_last_rounds(run: Run) -> str | None:
    """Why the models of an earlier round are not what the method would have given."""
    if isinstance(run.strategy, FineTuningConfig):
        return (
            f"{run.strategy.name} personalizes its models in the last {run.strategy.fine_tuning_rounds} round(s) alone"
        )
    if run.spec is not None and run.spec.config.schedule.averaging != "none":
        return f"schedule.averaging {run.spec.config.schedule.averaging} takes place in the last round"
    return None


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
