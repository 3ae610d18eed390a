"""The long poll: keeps one request at the hub, and puts the ids of tasks on the hospital's own queue."""

import asyncio
import logging
import time
from collections.abc import Callable

from celery import Celery

from backend import VERSION
from backend.contracts.link import PollAnswer, PollRequest, Renewal
from backend.contracts.site_pause import SaidPause
from fedsm.site_agent.approvals import Desk
from fedsm.site_agent.audit import Audit
from fedsm.site_agent.heads import Heads
from fedsm.site_agent.hub import API, HubAway, HubRefused, jittered
from fedsm.site_agent.operations import TASK_ID, Refused, read
from fedsm.site_agent.pauses import local_now, pause_of
from fedsm.site_agent.policy import HospitalPolicy, read_policy
from fedsm.site_agent.session import Session
from fedsm.site_agent.site_home import RenewalState, SiteHome

logger = logging.getLogger(__name__)

TASK_NAME = "fedsm.run_task"
FIRST_DELAY_SECONDS = 0.5
MAX_DELAY_SECONDS = 30.0
#: A task that lies in the local queue for longer is asked for again: its message may have been lost.
FORGET_SECONDS = 120.0
#: Until the next question where a person must act first.
DELAYS = {"site_not_accepted": 5.0, "credential_stopped": 15.0, "credential_ended": 60.0, "agent_outdated": 300.0}


class LocalQueue:
    """The hospital's Valkey, served by its Celery workers."""

    def __init__(self, url: str, queue: str) -> None:
        self._app = Celery("fedsm-agent", broker=url, set_as_current=False)
        self._app.conf.update(task_ignore_result=True, task_serializer="json", broker_connection_timeout=2)
        self._queue = queue

    def put(self, task_ids: tuple[str, ...]) -> None:
        """Raises what the broker raises where it is away."""
        for task_id in task_ids:
            self._app.send_task(TASK_NAME, args=[task_id], queue=self._queue, retry=False)


class Poller:
    """`run` goes on until the process ends."""

    def __init__(
        self,
        session: Session,
        home: SiteHome,
        queue: LocalQueue,
        audit: Audit,
        desk: Desk,
        hardware: str,
        wait_seconds: float,
    ) -> None:
        """wait_seconds: how long a poll may wait at the hub."""
        self._session, self._home, self._queue, self._audit, self._desk = session, home, queue, audit, desk
        self._heads = Heads(home.heads_file, session.membership.slug, session.membership.server)
        self._hardware, self._wait_seconds = hardware, wait_seconds
        #: When the loop last moved on, for the watchdog.
        self.moved_at = time.monotonic()

    async def run(self, on_ended: Callable[[], None]) -> None:
        """on_ended: called again and again while the credential is not valid any more."""
        delay = FIRST_DELAY_SECONDS
        while True:
            self.moved_at = time.monotonic()
            self._session.changed.clear()
            self._session.forget_waiting(FORGET_SECONDS)
            try:
                state = self._home.next_renewal()
                answer = await self._poll_or_change(state)
            except HubAway as error:
                self._say("warning", f"the hub is away: {error}")
                await asyncio.sleep(jittered(delay))
                delay = min(2 * delay, MAX_DELAY_SECONDS)
                continue
            except HubRefused as error:
                self._refused(error, state)
                look = on_ended if error.code == "credential_ended" else None
                await self._pause(DELAYS.get(error.code, MAX_DELAY_SECONDS), look)
                continue
            except Refused as error:
                self._audit.write("refused", why=str(error)[:500], asked="poll")
                self._say("error", str(error))
                await self._pause(MAX_DELAY_SECONDS)
                continue
            except OSError as error:  # also of a full disk, which may be mended while the agent runs
                self._say("error", f"the site's folder cannot be used: {error}")
                await self._pause(MAX_DELAY_SECONDS)
                continue
            delay = FIRST_DELAY_SECONDS
            if answer is not None:
                await self._feed(answer)
                await self._consider(answer)

    async def _poll_or_change(self, state: RenewalState) -> PollAnswer | None:
        """The answer; None where a worker came or went, of which the next poll tells. Raises HubAway, HubRefused,
        Refused, and OSError where the site's folder cannot be written."""
        poll = asyncio.create_task(self._poll(state))
        change = asyncio.create_task(self._session.changed.wait())
        try:
            await asyncio.wait({poll, change}, return_when=asyncio.FIRST_COMPLETED)
            return poll.result() if poll.done() else None
        finally:
            for task in (poll, change):
                task.cancel()
            await asyncio.gather(poll, change, return_exceptions=True)

    async def _poll(self, state: RenewalState) -> PollAnswer:
        workers, policy = self._session.workers(), self._policy()
        body = PollRequest(
            renewal=Renewal(number=state.number, secret=state.secret),
            pause=None if policy is None else self._pause_of(policy),
            policy=None if policy is None else policy.said_to(self._session.membership.federation),
            workers=workers,
            known=self._session.waiting(),
            known_approvals=self._session.asked,
            audit=self._heads.say(self._home.key(), self._audit.head),
            wait_seconds=self._wait_seconds,
            version=VERSION,
            hardware=self._hardware,
        )
        answer = await self._session.hub.must(
            "POST", f"{API}/poll", body.model_dump_json().encode(), wait_seconds=self._wait_seconds
        )
        found = read(PollAnswer, answer.content, "the hub's answer")
        assert isinstance(found, PollAnswer)
        self._heads.keep(found.audit)
        self._home.renewal_answered(state)
        return found

    def _policy(self) -> HospitalPolicy | None:
        """None where it cannot be read: then each task is refused with its reason."""
        try:
            return read_policy(self._home.policy_file)
        except Refused:
            return None

    def _pause_of(self, policy: HospitalPolicy) -> SaidPause | None:
        return pause_of(policy, self._session.runs(), local_now(), self._session.num_gpus)

    async def _feed(self, answer: PollAnswer) -> None:
        if self._session.problem:
            logger.info("the hub answers")
        self._say("info", "")
        self._session.removal = answer.removal
        new = tuple(task_id for task_id in answer.tasks if TASK_ID.fullmatch(task_id))
        if not new:
            return
        try:
            await asyncio.to_thread(self._queue.put, new)
        except Exception as error:  # noqa: BLE001 (whatever the broker's client raises: the hub is asked again)
            self._say("warning", f"the local queue is away: {error}")
            await asyncio.sleep(1.0)
            return
        self._session.fed(new)

    async def _consider(self, answer: PollAnswer) -> None:
        """What fails is tried with the next poll, and keeps no task from its worker."""
        self._session.asked = answer.approvals
        try:
            await self._desk.consider(self._session.asked)
        except (HubAway, HubRefused, Refused) as error:
            logger.warning("what runs ask of this site could not be looked at: %s", error)

    def _refused(self, error: HubRefused, state: RenewalState) -> None:
        if error.code in ("site_not_accepted", "credential_ended"):
            self._home.renewal_answered(state)
        self._say("warning", f"the hub refuses: {error.detail}")
        self._audit.write("hub refuses", code=error.code)

    async def _pause(self, seconds: float, look: Callable[[], None] | None = None) -> None:
        """In steps, so that the watchdog sees the loop move. look: called with each step."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.moved_at = time.monotonic()
            if look is not None:
                look()
            await asyncio.sleep(min(left, 5.0))

    def _say(self, level: str, text: str) -> None:
        """Once, as long as it stays the same."""
        if text and text != self._session.problem:
            logger.log(logging.getLevelName(level.upper()), "%s", text)
        self._session.problem = text
