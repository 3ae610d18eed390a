"""Why nothing happens at a site: no worker serves it. The one writer of that sentence, for every screen and command."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.models import Site, Worker
from backend.queue import SIMULATED_QUEUE, site_queue


def unserved(session: Session, site: Site) -> str | None:
    """What is missing at a site, and how to start it; None while a worker serves it."""
    return unserved_by(session.scalars(select(Worker)), site)


def unserved_by(workers: Iterable[Worker], site: Site) -> str | None:
    """The same, of the workers that there are."""
    queue = site_queue(site.kind, site.slug)
    serving = [worker for worker in workers if queue in worker.queues]
    if any(worker.online for worker in serving):
        return None
    if not serving:
        who = "No worker for simulated sites" if queue == SIMULATED_QUEUE else f"No worker of {site.name}"
        return f"{who} has ever connected. {_how_to_start(site, queue)}"
    last = max(worker.last_seen_at for worker in serving)
    return f"The worker of {site.name} has been offline since {last:%Y-%m-%d %H:%M} UTC. {_how_to_start(site, queue)}"


def _how_to_start(site: Site, queue: str) -> str:
    if queue == SIMULATED_QUEUE:
        return "Start one on this machine: fedsm worker"
    return f"Start one at {site.name}, where its images are: fedsm site up (kit: fedsm site invite {site.slug})"
