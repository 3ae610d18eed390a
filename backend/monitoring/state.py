"""The platform's state at the moment of a scrape, read from the database and the broker."""

from collections.abc import Callable, Iterator, Sequence

from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.contracts.status import TERMINAL_RUN_STATUSES, TERMINAL_TASK_STATUSES
from backend.db.models import Event, Federation, Run, RunRound, Site, Task, Worker
from backend.db.session import read_only
from backend.disks import platform_disks
from backend.platform import Platform
from backend.queue import COORDINATOR_QUEUE, SIMULATED_QUEUE, QueueUnavailable, site_queue
from backend.version import code_version


class PlatformState:
    """A collector of prometheus_client. Nothing is kept between two scrapes, and no name of a person or a case is among
    the labels."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing: the registry would otherwise ask the database when this is registered."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield _gauge("fedsm_build_info", "The running version.", ("version",), [((code_version(),), 1)])
        with read_only(self._platform.database) as session:
            yield from _work(session)
            yield from _sites(session)
            yield from _workers(session)
        yield from self._broker()
        yield from self._disks()

    def _broker(self) -> Iterator[GaugeMetricFamily]:
        lengths, connected = [], True
        for queue in (COORDINATOR_QUEUE, SIMULATED_QUEUE):
            try:
                lengths.append(((queue,), self._platform.queue.length(queue)))
            except QueueUnavailable:
                connected = False
        yield _gauge("fedsm_broker_connected", "1 where the broker answers.", (), [((), connected)])
        yield _gauge("fedsm_queue_messages", "Messages that wait in the broker.", ("queue",), lengths)

    def _disks(self) -> Iterator[GaugeMetricFamily]:
        disks = platform_disks(self._platform.settings)
        free = [((str(disk.folder),), disk.num_free) for disk in disks]
        yield _gauge("fedsm_disk_free_bytes", "Room on the backend's disks.", ("folder",), free)
        total = [((str(disk.folder),), disk.num_total) for disk in disks]
        yield _gauge("fedsm_disk_bytes", "Size of the backend's disks.", ("folder",), total)


Samples = Sequence[tuple[tuple[str, ...], float]]


def _gauge(name: str, said: str, labels: tuple[str, ...], samples: Samples) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, said, labels=labels)
    for values, value in samples:
        family.add_metric(values, value)
    return family


def _work(session: Session) -> Iterator[GaugeMetricFamily]:
    runs = session.execute(select(Run.status, func.count()).group_by(Run.status))
    yield _gauge("fedsm_runs", "Runs by status.", ("status",), [((status,), count) for status, count in runs])
    rounds = session.scalar(select(func.count()).where(RunRound.round > 0)) or 0
    yield _gauge("fedsm_rounds", "Rounds of all runs that are kept.", (), [((), rounds)])
    under_way = session.execute(
        select(Run.id, Run.strategy_label, Run.round, Run.num_rounds).where(Run.status.not_in(TERMINAL_RUN_STATUSES))
    ).all()
    now_at = [((run, label), float(number)) for run, label, number, _ in under_way]
    yield _gauge("fedsm_run_round", "The round of each run that is under way.", ("run", "method"), now_at)
    planned = [((run, label), float(number)) for run, label, _, number in under_way]
    yield _gauge("fedsm_run_planned_rounds", "How many rounds it is to have.", ("run", "method"), planned)
    tasks = session.execute(
        select(Task.kind, Task.status, func.count())
        .where(Task.status.not_in(TERMINAL_TASK_STATUSES))
        .group_by(Task.kind, Task.status)
    )
    yield _gauge("fedsm_tasks", "Tasks that are not over.", ("kind", "status"), [((k, s), n) for k, s, n in tasks])
    latest = session.scalar(select(func.max(Event.id))) or 0
    yield _gauge("fedsm_last_event", "Number of the latest event of Activity.", (), [((), latest)])


def _sites(session: Session) -> Iterator[GaugeMetricFamily]:
    """Of those that are not put away. A site that was never seen has no time."""
    workers = session.scalars(select(Worker)).all()
    rows = session.execute(
        select(Site.slug, Site.kind, Federation.name)
        .join(Federation, Federation.id == Site.federation_id)
        .where(Federation.archived_at.is_(None))
    )
    online, seen = [], []
    for slug, kind, federation in rows:
        serving = [worker for worker in workers if site_queue(kind, slug) in worker.queues]
        labels = (federation, slug, kind)
        online.append((labels, float(any(worker.online for worker in serving))))
        if serving:
            seen.append((labels, max(worker.last_seen_at.timestamp() for worker in serving)))
    names = ("federation", "site", "kind")
    yield _gauge("fedsm_site_online", "1 where a worker serves the site.", names, online)
    yield _gauge("fedsm_site_last_seen_timestamp_seconds", "When a worker of the site was last heard.", names, seen)


#: Name, meaning and value of what is said of each worker.
_OF_WORKERS: tuple[tuple[str, str, Callable[[Worker], float | None]], ...] = (
    ("fedsm_worker_online", "1 where the worker is heard.", lambda worker: worker.online),
    (
        "fedsm_worker_last_seen_timestamp_seconds",
        "When it was last heard.",
        lambda worker: worker.last_seen_at.timestamp(),
    ),
    ("fedsm_worker_processes", "Its processes.", lambda worker: worker.num_processes),
    ("fedsm_worker_hung_processes", "Those whose task makes no progress.", lambda worker: worker.num_hung),
    ("fedsm_worker_gpus", "Its GPUs.", lambda worker: worker.num_gpus or 0),
    ("fedsm_worker_disk_free_bytes", "Room on its disk.", lambda worker: worker.disk_free),
)


def _workers(session: Session) -> Iterator[GaugeMetricFamily]:
    workers = session.scalars(select(Worker).order_by(Worker.name)).all()
    for name, said, of in _OF_WORKERS:
        samples = [((worker.name,), float(value)) for worker in workers if (value := of(worker)) is not None]
        yield _gauge(name, said, ("worker",), samples)
