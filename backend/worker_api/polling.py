"""A hospital's long poll: one request that waits until there is work, and says meanwhile that the site is there."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial

from fastapi.concurrency import run_in_threadpool
from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from backend.audit import heads
from backend.clock import now
from backend.contracts.link import MAX_KNOWN_TASKS, PollAnswer, PollRequest
from backend.contracts.site_pause import SaidPause
from backend.contracts.status import TaskStatus
from backend.db.models import SiteCredential, Task, Worker
from backend.db.session import read_only, unit_of_work
from backend.errors import CredentialEnded
from backend.platform import Platform
from backend.runs import approvals
from backend.sites.enrolment import renewal
from backend.sites.enrolment.identity import SiteWorker
from backend.worker_api import service, site_news

#: Seconds between two looks into the database without a bell, each for all hospitals that wait.
LOOK_SECONDS = 2.0
#: Seconds between two notes that the site is there.
NOTE_SECONDS = 4.0
#: Seconds between two looks that bells ask for.
BREATH_SECONDS = 0.05


async def poll(
    platform: Platform, worker: SiteWorker, body: PollRequest, is_gone: Callable[[], Awaitable[bool]]
) -> PollAnswer:
    """Raises CredentialStopped, CredentialEnded."""
    async with platform.database.places:
        await run_in_threadpool(_begin, platform, worker, body)
    deadline = time.monotonic() + body.wait_seconds
    noted_at = time.monotonic()
    look = partial(platform.site_news, partial(site_news.look, platform.database))
    answer: PollAnswer | None = None
    async with platform.site_bell.listen() as rung:
        while True:
            rung.clear()
            left = deadline - time.monotonic()
            if answer is None or left <= 0 or (await look()).may_concern(worker, body):
                answer = await run_in_threadpool(_answer, platform, worker, body)
            if _is_news(answer, body) or left <= 0 or await is_gone():
                return answer
            if time.monotonic() - noted_at > NOTE_SECONDS:
                async with platform.database.places:
                    await run_in_threadpool(_note_presence, platform, worker, body)
                noted_at = time.monotonic()
            await asyncio.sleep(BREATH_SECONDS)
            try:
                async with asyncio.timeout(min(left, _until_next_look())):
                    await rung.wait()
            except TimeoutError:
                continue


def _until_next_look() -> float:
    """All that wait look at the same moments, so that one look does for all of them."""
    return LOOK_SECONDS - time.monotonic() % LOOK_SECONDS


def _begin(platform: Platform, worker: SiteWorker, body: PollRequest) -> None:
    with unit_of_work(platform.database) as session:
        stopped = renewal.renew(session, worker, body)
        if stopped is None:
            for heartbeat in body.workers:
                service.store_heartbeat(session, worker, heartbeat)
            approvals.ask_where_missing(session, worker.site_id, worker.queue)
            if body.audit is not None:
                heads.store(session, worker, body.audit)
    if stopped is not None:
        raise stopped


def _answer(platform: Platform, worker: SiteWorker, body: PollRequest) -> PollAnswer:
    """Tasks of the site that nobody has and that it does not know of, the oldest first, and the runs that wait for its
    decision. A task of a run that it refused is handed out too: the refusal comes back with its reason."""
    with read_only(platform.database) as session:
        _require_active(session, worker)
        queued = select(Task.id).where(
            Task.status == TaskStatus.QUEUED,
            Task.queue == worker.queue,
            Task.run_id.is_(None) | Task.run_id.in_(approvals.decided_runs(worker.site_id)),
        )
        if body.pause is not None:
            queued = queued.where(_takes(body.pause))
        ids = session.scalars(queued.order_by(Task.queued_at, Task.id).limit(MAX_KNOWN_TASKS))
        tasks = tuple(task_id for task_id in ids if task_id not in set(body.known))
        return PollAnswer(
            tasks=tasks,
            removal=platform.artifacts.generation,
            approvals=approvals.undecided_runs(session, worker.site_id),
            audit=heads.say(session, worker, platform.server_key),
        )


def _takes(pause: SaidPause) -> ColumnElement[bool]:
    """What a site that pauses takes all the same: the checks of its data sets, and runs that it has begun."""
    of_open = Task.run_id.in_(pause.open_runs) | Task.dry_run_id.in_(pause.open_runs)
    return of_open | (Task.run_id.is_(None) & Task.dry_run_id.is_(None))


def _is_news(answer: PollAnswer, body: PollRequest) -> bool:
    return bool(answer.tasks) or not set(answer.approvals) <= set(body.known_approvals)


def _require_active(session: Session, worker: SiteWorker) -> None:
    status = session.scalar(select(SiteCredential.status).where(SiteCredential.id == worker.credential_id))
    if status != "active":
        raise CredentialEnded("this credential is not valid any more: ask the coordinator")


def _note_presence(platform: Platform, worker: SiteWorker, body: PollRequest) -> None:
    """While the poll waits its workers are heard, but for those that were not online before: a bell tells of those."""
    names = [worker.named(heartbeat.worker) for heartbeat in body.workers]
    with unit_of_work(platform.database) as session:
        session.execute(update(Worker).where(Worker.name.in_(names), Worker.online).values(last_seen_at=now()))
        credential = SiteCredential.id == worker.credential_id
        session.execute(update(SiteCredential).where(credential).values(last_seen_at=now()))
