"""What the backend knows of workers."""

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from backend.clock import now
from backend.contracts.worker_state import Heartbeat, KeptAtWorker
from backend.db.models import Artifact, Run, Worker
from backend.errors import Conflict, InvalidInput
from backend.events import service as events
from backend.sites.enrolment.identity import SITE_MARK, SiteWorker, WorkerIdentity

#: Names of workers that are remembered.
MAX_WORKERS = 1000


def store_heartbeat(session: Session, caller: WorkerIdentity, heartbeat: Heartbeat) -> None:
    """An event only when the worker appears or all of its processes hang; otherwise just the time. A hospital's worker
    has its site in its name, and serves its site's queue whatever it says."""
    heartbeat = _as_own(caller, heartbeat)
    worker = session.get(Worker, heartbeat.worker, with_for_update=True)
    if worker is None:
        _require_few_workers(session)
        worker = Worker(name=heartbeat.worker, online=False)
        session.add(worker)
    hangs = heartbeat.num_hung >= heartbeat.num_processes
    if hangs:
        _note_hanging(session, worker, heartbeat)
    elif not worker.online:
        queues = ", ".join(heartbeat.queues)
        message = f"The worker {heartbeat.worker} is online and serves {queues}."
        events.record(session, "site", message, heartbeat.worker, quota_of=heartbeat.worker)
    worker.queues = list(heartbeat.queues)
    worker.hardware = heartbeat.hardware
    worker.num_gpus = heartbeat.num_gpus
    worker.num_processes = heartbeat.num_processes
    worker.disk_free, worker.disk_total = heartbeat.disk_free, heartbeat.disk_total
    worker.num_hung = heartbeat.num_hung
    worker.last_seen_at, worker.online = now(), not hangs
    worker.offline_since = (worker.offline_since or now()) if hangs else None


def _as_own(caller: WorkerIdentity, heartbeat: Heartbeat) -> Heartbeat:
    if isinstance(caller, SiteWorker):
        return heartbeat.model_copy(update={"worker": caller.named(heartbeat.worker), "queues": (caller.queue,)})
    if SITE_MARK in heartbeat.worker:
        raise InvalidInput.of_field(
            "worker", heartbeat.worker, f"holds {SITE_MARK!r}, as the names of hospitals' workers do", "leave it out"
        )
    return heartbeat


def _require_few_workers(session: Session) -> None:
    """Raises Conflict where names are made up rather than workers started."""
    num_workers = session.scalar(select(func.count()).select_from(Worker)) or 0
    if num_workers >= MAX_WORKERS:
        raise Conflict(
            f"{num_workers} workers have called already, the most there may be: give this one the name of one that is "
            "gone (FEDSM_WORKER_NAME)"
        )


def what_is_gone(session: Session, kept: KeptAtWorker) -> KeptAtWorker:
    """Artifacts without a row, and runs that were deleted."""
    return KeptAtWorker(
        artifacts=_absent(session, Artifact.sha256, kept.artifacts), runs=_absent(session, Run.id, kept.runs)
    )


def _absent(session: Session, column: InstrumentedAttribute[str], wanted: tuple[str, ...]) -> tuple[str, ...]:
    known: set[str] = set()
    for start in range(0, len(wanted), 500):
        known.update(session.scalars(select(column).where(column.in_(wanted[start : start + 500]))))
    return tuple(value for value in wanted if value not in known)


def _note_hanging(session: Session, worker: Worker, heartbeat: Heartbeat) -> None:
    """Once, as long as it lasts."""
    if worker.online or worker.offline_since is None:
        message = f"All {heartbeat.num_processes} processes of the worker {heartbeat.worker} hang: it is not online."
        events.record(session, "site", message, heartbeat.worker, level="warning", quota_of=heartbeat.worker)
