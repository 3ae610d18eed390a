"""The recovery loop: brings back what a lost message, a killed worker or a killed backend left behind."""

import logging
import threading
from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import select, update

from backend.clock import now
from backend.contracts.status import RunStatus, TaskStatus
from backend.db.lookup import lock_row
from backend.db.models import Run, Task, Worker
from backend.db.session import read_only, unit_of_work
from backend.events import service as events
from backend.joined_sites import joined_queues
from backend.ledger.absences import go_on_without_overdue
from backend.ledger.advance import advance
from backend.ledger.worker_reports import end_attempt, lock_task
from backend.platform import Platform, announce_broker
from backend.queue import QueueUnavailable
from backend.registry import planned
from backend.runs.attendance import note_listening
from backend.runs.waiting import runs_with_overdue
from backend.task_status import Failure

logger = logging.getLogger(__name__)

GOING = (RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.PAUSED, RunStatus.EVALUATING)


def recover(platform: Platform) -> None:
    """One pass. Each repair is a transaction of its own and checks again under its lock."""
    end_lost_leases(platform)
    advance_runs(platform)
    resend_queued_tasks(platform)
    mark_silent_workers(platform)
    go_on_without_absent(platform)
    planned.register_finished(platform)


def end_lost_leases(platform: Platform) -> None:
    """A running task without a report since its lease ended has lost its worker."""
    lost = select(Task.id).where(Task.status == TaskStatus.RUNNING, Task.lease_expires_at < now())
    with read_only(platform.database) as session:
        task_ids = session.scalars(lost).all()
    for task_id in task_ids:
        with unit_of_work(platform.database) as session:
            task = lock_task(session, task_id)
            expired = task.lease_expires_at is not None and task.lease_expires_at < now()
            if task.status == TaskStatus.RUNNING and expired:
                message = f"the worker {task.worker} was lost: it did not report for the length of its lease"
                end_attempt(session, task, Failure("worker_lost", message), True, TaskStatus.CRASHED, events.BACKEND)


def advance_runs(platform: Platform) -> None:
    """Goes on with runs whose backend died between two steps. Almost always finds nothing to do."""
    open_tasks = select(Task.id).where(Task.run_id == Run.id, Task.status.in_((TaskStatus.QUEUED, TaskStatus.RUNNING)))
    with read_only(platform.database) as session:
        run_ids = session.scalars(select(Run.id).where(Run.status.in_(GOING), ~open_tasks.exists())).all()
    for run_id in run_ids:
        with unit_of_work(platform.database) as session:
            advance(session, lock_row(session, Run, run_id))


def go_on_without_absent(platform: Platform) -> None:
    """Ends the wait for sites that are absent or late. Not while the broker is away: then nobody can begin."""
    if not platform.queue.connected:
        return
    with read_only(platform.database) as session:
        runs = session.scalars(select(Run).where(Run.status.in_(GOING))).all()
        run_ids = runs_with_overdue(session, runs)
    for run_id in run_ids:
        with unit_of_work(platform.database) as session:
            go_on_without_overdue(session, lock_row(session, Run, run_id))


def note_that_we_listen(platform: Platform) -> None:
    with unit_of_work(platform.database) as session:
        note_listening(session)


def resend_queued_tasks(platform: Platform) -> None:
    """Sends again what waits long while the broker holds fewer messages than the ledger has queued tasks.

    A message too many is harmless, for its claim is refused; and it fills the gap, so that they do not grow.
    """
    queued = select(Task.id, Task.queue, Task.sent_at).where(Task.status == TaskStatus.QUEUED)
    with read_only(platform.database) as session:
        joined = joined_queues(session)
        rows = [row for row in session.execute(queued.order_by(Task.sent_at)) if row.queue not in joined]
    num_queued = Counter(row.queue for row in rows)
    long_ago = now() - timedelta(seconds=platform.settings.resend_seconds)
    was_connected = platform.queue.connected
    try:
        short = {queue for queue, number in num_queued.items() if platform.queue.length(queue) < number}
        again = [row for row in rows if row.queue in short and row.sent_at < long_ago]
        platform.queue.send([(row.queue, row.id) for row in again])
    except QueueUnavailable as error:
        logger.warning("queued tasks cannot be sent: %s", error)
        if was_connected:
            announce_broker(platform.database, connected=False)
        return
    if again:
        logger.info("sent %d queued task(s) again", len(again))
        with unit_of_work(platform.database) as session:
            ids = [row.id for row in again]
            session.execute(
                update(Task).where(Task.id.in_(ids), Task.status == TaskStatus.QUEUED).values(sent_at=now())
            )
    if not was_connected and platform.queue.is_connected():
        announce_broker(platform.database, connected=True)
        note_that_we_listen(platform)


def mark_silent_workers(platform: Platform) -> None:
    limit = now() - timedelta(seconds=platform.settings.worker_timeout_seconds)
    silent = select(Worker.name).where(Worker.online, Worker.last_seen_at < limit)
    with read_only(platform.database) as session:
        names = session.scalars(silent).all()
    for name in names:
        with unit_of_work(platform.database) as session:
            worker = lock_row(session, Worker, name)
            if worker.online and worker.last_seen_at < limit:
                worker.online, worker.offline_since = False, worker.last_seen_at
                events.record(session, "site", f"The worker {name} is offline.", events.BACKEND, level="warning")


class RecoveryLoop:
    """Runs `recover()` again and again in a thread of its own."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._stopped = threading.Event()
        #: Of a machine that slept, or a backend that was held: it heard nobody meanwhile.
        self._longest_gap = timedelta(seconds=platform.settings.recovery_seconds + 30)
        self._thread = threading.Thread(target=self._run, name="recovery", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        looked_at: datetime | None = None
        while not self._stopped.is_set():
            try:
                if looked_at is None or now() - looked_at > self._longest_gap:
                    note_that_we_listen(self._platform)
                looked_at = now()
                recover(self._platform)
            except Exception:
                logger.exception(
                    "the recovery loop failed; it tries again in %s s", self._platform.settings.recovery_seconds
                )
            self._stopped.wait(self._platform.settings.recovery_seconds)
