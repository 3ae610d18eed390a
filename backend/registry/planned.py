"""Runs whose models become a version by themselves: planned when the run is made, registered once it is completed."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.clock import now
from backend.contracts.registry import ModelRegister
from backend.contracts.status import RunStatus
from backend.db.models import Experiment, PlannedVersion, Run
from backend.db.session import read_only, unit_of_work
from backend.errors import Conflict, InvalidInput, NotFound
from backend.events import service as events
from backend.platform import Platform
from backend.registry.service import register


def plan(session: Session, run: Run, name: str, actor: str) -> None:
    """The run's models get the next version of the name, in the name of the actor."""
    session.add(PlannedVersion(run_id=run.id, name=name, created_at=now(), created_by=actor))


def under_way(session: Session, federation_id: str, name: str, kind: str) -> Experiment | None:
    """The experiment of the kind that makes the next version of a name and is not over; None where there is none."""
    query = (
        select(Experiment)
        .join(Run, Run.experiment_id == Experiment.id)
        .join(PlannedVersion, PlannedVersion.run_id == Run.id)
        .where(Experiment.federation_id == federation_id, Experiment.kind == kind, PlannedVersion.name == name)
        .where(Run.status.not_in((RunStatus.FAILED, RunStatus.CANCELLED)))
    )
    return session.scalars(query.order_by(Experiment.created_at)).first()


def register_finished(platform: Platform) -> None:
    """Each in a transaction of its own. What cannot be registered is said in the run's log, and not tried again."""
    due = select(PlannedVersion.run_id).join(Run, Run.id == PlannedVersion.run_id)
    with read_only(platform.database) as session:
        run_ids = session.scalars(due.where(Run.status == RunStatus.COMPLETED)).all()
    for run_id in run_ids:
        with unit_of_work(platform.database) as session:
            _register(session, platform, run_id)


def _register(session: Session, platform: Platform, run_id: str) -> None:
    """Locks nothing itself: `register` takes its locks in the order that all others do."""
    planned, run = session.get(PlannedVersion, run_id), session.get(Run, run_id)
    if planned is None or run is None or run.status != RunStatus.COMPLETED:
        return
    try:
        with session.begin_nested():
            register(session, run_id, ModelRegister(name=planned.name), platform.server_key, planned.created_by)
    except (Conflict, InvalidInput, NotFound) as problem:
        message = f"The models could not be registered as {planned.name}: {problem}."
        events.record_of_run(session, run, "model", message, events.BACKEND, level="warning")
    session.delete(planned)
