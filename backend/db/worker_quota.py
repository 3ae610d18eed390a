"""How many events a worker may cause in a day: beyond it they are dropped and counted, and one event says so.

Only what a worker can say as often as it likes counts: lines of logs, measurements, claims, tasks given back, its
coming and going. The ends of tasks are as many as the plans of runs have, and are always kept.
"""

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from backend.clock import now
from backend.db.models import Event, WorkerDay

#: A worker of eight processes that train all day says a line each 5 s from each: 138,240.
MAX_PER_WORKER = 200_000
#: Names of a day; all further names share one quota, so that made-up names gain nothing.
MAX_NAMES = 1000
OTHERS = "(others)"


def kept_of(session: Session, event: Event, worker: str) -> Event | None:
    """The event, or what is recorded in its place. Called by one transaction at a time, last of all in it."""
    if _count(session, worker):
        return event
    quota = _quota(session, worker)
    if quota.num_said < MAX_PER_WORKER:
        quota.num_said += 1
        return event
    quota.num_dropped += 1
    if quota.num_dropped > 1:
        return None
    about = f"the worker {worker}" if quota.worker == worker else "workers that called for the first time today"
    message = (
        f"{MAX_PER_WORKER} events of {about} are recorded today, the most there may be: more of them are dropped until "
        "midnight UTC. The work goes on."
    )
    return Event(at=now(), kind="site", actor="backend", level="warning", message=message)


def _count(session: Session, worker: str) -> bool:
    """One event more of a worker that said something today and has quota left: the usual case, in one statement."""
    query = update(WorkerDay).where(
        WorkerDay.worker == worker, WorkerDay.day == _today(), WorkerDay.num_said < MAX_PER_WORKER
    )
    counted = query.values(num_said=WorkerDay.num_said + 1).returning(WorkerDay.num_said)
    return session.scalar(counted.execution_options(synchronize_session=False)) is not None


def _today() -> str:
    return now().date().isoformat()


def _quota(session: Session, worker: str) -> WorkerDay:
    today = _today()
    found = session.get(WorkerDay, (worker, today), populate_existing=True)
    if found is not None:
        return found
    session.execute(delete(WorkerDay).where(WorkerDay.day < today))
    num_names = session.scalar(select(func.count()).select_from(WorkerDay)) or 0
    if num_names >= MAX_NAMES and worker != OTHERS:
        return _quota(session, OTHERS)
    row = WorkerDay(worker=worker, day=today, num_said=0, num_dropped=0)
    session.add(row)
    session.flush()
    return row
