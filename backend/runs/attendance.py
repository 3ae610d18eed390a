"""Who is there to work: the workers of each queue, and since when the backend itself has listened."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.clock import now
from backend.contracts.site_pause import SaidPause
from backend.contracts.status import TaskStatus
from backend.db.models import Moment, Site, SiteCredential, Task, Worker
from backend.queue import REAL_QUEUE_PREFIX

#: Since when the backend has heard its workers without a break: nobody is called absent for the backend's own silence.
LISTENING = "listening"


@dataclass(frozen=True)
class Pause:
    said: SaidPause
    since: datetime


@dataclass(frozen=True)
class Attendance:
    """All workers, those that do a task just now, and when each ended its last one. pauses: of hospitals, by queue."""

    workers: tuple[Worker, ...]
    busy: frozenset[str]
    ended_at: dict[str, datetime]
    listening_since: datetime | None
    pauses: dict[str, Pause]

    def pause_of(self, queue: str, run_id: str | None) -> Pause | None:
        """Why a hospital's policy lets a run's work wait now; None where it does not."""
        found = self.pauses.get(queue)
        return None if found is None or run_id in found.said.open_runs else found

    @cached_property
    def _by_queue(self) -> dict[str, list[Worker]]:
        """Each task of a hundred sites asks for its own."""
        found: dict[str, list[Worker]] = defaultdict(list)
        for worker in self.workers:
            for queue in dict.fromkeys(worker.queues):
                found[queue].append(worker)
        return found

    def online(self, queue: str) -> list[Worker]:
        return [worker for worker in self._by_queue.get(queue, ()) if worker.online]

    def is_busy(self, queue: str) -> bool:
        return any(worker.name in self.busy for worker in self.online(queue))

    def offline_since(self, queue: str) -> datetime | None:
        """When the last worker of an unserved queue was lost; None where there never was one."""
        return max(
            (worker.offline_since or worker.last_seen_at for worker in self._by_queue.get(queue, ())), default=None
        )

    def idle_since(self, queue: str) -> datetime | None:
        """When the workers of a queue ended their last task."""
        ended = [self.ended_at[worker.name] for worker in self.online(queue) if worker.name in self.ended_at]
        return max(ended, default=None)


def load_attendance(session: Session) -> Attendance:
    listening = session.get(Moment, LISTENING)
    running = select(Task.worker).where(Task.status == TaskStatus.RUNNING, Task.worker.is_not(None)).distinct()
    last = select(func.max(Task.finished_at)).where(Task.worker == Worker.name).scalar_subquery()
    ended = select(Worker.name, last)  # one look into an index for each worker, however many tasks they did
    return Attendance(
        workers=tuple(session.scalars(select(Worker).order_by(Worker.name))),
        busy=frozenset(name for name in session.scalars(running) if name is not None),
        ended_at={name: at for name, at in session.execute(ended) if at is not None},
        listening_since=listening.at if listening else None,
        pauses=_pauses(session),
    )


def _pauses(session: Session) -> dict[str, Pause]:
    """By queue, of the sites that are served."""
    query = (
        select(Site.slug, SiteCredential.pause, SiteCredential.paused_at)
        .join(SiteCredential, SiteCredential.site_id == Site.id)
        .where(SiteCredential.status == "active", SiteCredential.pause.is_not(None))
    )
    return {
        f"{REAL_QUEUE_PREFIX}{slug}": Pause(said, since)
        for slug, said, since in session.execute(query)
        if said is not None and since is not None
    }


def note_listening(session: Session) -> None:
    """The backend begins to listen, or does so again after a break in which it could hear nobody."""
    row = session.get(Moment, LISTENING)
    if row is None:
        session.add(Moment(name=LISTENING, at=now()))
    else:
        row.at = now()
