"""What the backend knows of workers."""

from sqlalchemy.orm import Session

from backend.clock import now
from backend.contracts.tasks import Heartbeat
from backend.db.models import Worker
from backend.events import service as events


def store_heartbeat(session: Session, heartbeat: Heartbeat) -> None:
    """An event only when the worker appears; otherwise just the time."""
    worker = session.get(Worker, heartbeat.worker, with_for_update=True)
    if worker is None:
        worker = Worker(name=heartbeat.worker, online=False)
        session.add(worker)
    if not worker.online:
        queues = ", ".join(heartbeat.queues)
        message = f"The worker {heartbeat.worker} is online and serves {queues}."
        events.record(session, "site", message, heartbeat.worker)
    worker.queues = list(heartbeat.queues)
    worker.hardware = heartbeat.hardware
    worker.num_processes = heartbeat.num_processes
    worker.last_seen_at, worker.online = now(), True
