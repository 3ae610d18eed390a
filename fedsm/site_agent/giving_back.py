"""Tasks go back to the hub unharmed, also to one that is away for a while."""

import asyncio
import logging
import random

from backend.contracts.tasks import FailRequest
from fedsm.site_agent.hub import API, HubAway, HubRefused
from fedsm.site_agent.session import Session

logger = logging.getLogger(__name__)

FIRST_DELAY_SECONDS = 0.5
MAX_DELAY_SECONDS = 10.0


class GivingBack:
    """Holds what the hub does not know yet."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._later: set[asyncio.Task[None]] = set()

    async def give_back(self, task_id: str, attempt: int, why: str, lease_seconds: float) -> None:
        """The next poll says at once that the site pauses, or the hub would hand the task out again. A hub that is away
        hears it as soon as it is back, within the lease: later it knows by itself that the task is not done."""
        report = FailRequest(attempt=attempt, kind="site_refused", message=why, retryable=True, released=True)
        try:
            await self._tell(task_id, report)
        except HubAway:
            later = asyncio.create_task(self._tell_later(task_id, report, lease_seconds))
            self._later.add(later)
            later.add_done_callback(self._later.discard)
        finally:
            self._session.taken(task_id)
            self._session.changed.set()

    async def _tell(self, task_id: str, report: FailRequest) -> None:
        try:
            await self._session.hub.must("POST", f"{API}/tasks/{task_id}/fail", report.model_dump_json().encode())
        except HubRefused as error:
            logger.info("task %s was not given back, because nobody waits for it: %s", task_id, error)

    async def _tell_later(self, task_id: str, report: FailRequest, lease_seconds: float) -> None:
        delay = FIRST_DELAY_SECONDS
        try:
            async with asyncio.timeout(lease_seconds):
                while True:
                    await asyncio.sleep(delay * random.uniform(0.5, 1.5))
                    delay = min(2 * delay, MAX_DELAY_SECONDS)
                    try:
                        return await self._tell(task_id, report)
                    except HubAway as error:
                        logger.info("task %s is not given back yet: %s", task_id, error)
        except TimeoutError:
            logger.warning("task %s could not be given back: the hub was away until its lease was over", task_id)
