"""Runs whose models become a version by themselves: planned when the run is made, registered once it is completed."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.clock import now
from backend.contracts.registry import ModelRegister
from backend.contracts.status import RunStatus
from backend.db.lookup import lock_row
from backend.db.models import PlannedVersion, Run
from backend.db.session import read_only, unit_of_work
from backend.errors import Conflict
from backend.events import service as events
from backend.platform import Platform
from backend.registry.service import register


def plan(session: Session, run: Run, name: str, actor: str) -> None:
    """The run's models get the next version of the name, in the name of the actor."""
    session.add(PlannedVersion(run_id=run.id, name=name, created_at=now(), created_by=actor))


def register_finished(platform: Platform) -> None:
    """Each in a transaction of its own. What cannot be registered is said in the run's log, and not tried again."""
    due = select(PlannedVersion.run_id).join(Run, Run.id == PlannedVersion.run_id)
    with read_only(platform.database) as session:
        run_ids = session.scalars(due.where(Run.status == RunStatus.COMPLETED)).all()
    for run_id in run_ids:
        with unit_of_work(platform.database) as session:
            _register(session, platform, run_id)


def _register(session: Session, platform: Platform, run_id: str) -> None:
    run = lock_row(session, Run, run_id)
    planned = session.get(PlannedVersion, run_id)
    if planned is None or run.status != RunStatus.COMPLETED:
        return
    session.delete(planned)
    try:
        register(session, run_id, ModelRegister(name=planned.name), platform.server_key, planned.created_by)
    except Conflict as problem:
        message = f"The models could not be registered as {planned.name}: {problem}."
        events.record_of_run(session, run, "model", message, events.BACKEND, level="warning")
