"""What the agent's parts share while it runs: the hub, whom it serves, which workers it heard, which tasks wait."""

import asyncio
import time
from dataclasses import dataclass, field

from backend.contracts.worker_state import Heartbeat
from fedsm.site_agent.hub import Hub
from fedsm.site_agent.site_home import Membership
from fedsm.site_agent.under_way import UnderWay

#: A worker that is silent for longer is left out of the next poll.
WORKER_SECONDS = 15.0


@dataclass
class Session:
    """Of one process. changed: a worker came, went or hangs, so that the hub hears it at once."""

    hub: Hub
    membership: Membership
    under_way: UnderWay
    removal: str = ""
    #: What stands between the site and its work, as the hub or the network said it last; empty: nothing.
    problem: str = "not connected yet"
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    #: Runs that wait for this site's decision, as the hub listed them last.
    asked: tuple[str, ...] = ()
    _heard: dict[str, tuple[Heartbeat, float]] = field(default_factory=dict)
    #: Task to when it was given to the local queue.
    _waiting: dict[str, float] = field(default_factory=dict)

    def heard(self, beat: Heartbeat) -> None:
        """A heartbeat of a worker here."""
        before = self._heard.get(beat.worker)
        self._heard[beat.worker] = (beat, time.monotonic())
        is_new = before is None or time.monotonic() - before[1] > WORKER_SECONDS
        if is_new or (before is not None and before[0].num_hung != beat.num_hung):
            self.changed.set()

    def workers(self) -> tuple[Heartbeat, ...]:
        """Those heard lately."""
        limit = time.monotonic() - WORKER_SECONDS
        self._heard = {name: entry for name, entry in self._heard.items() if entry[1] > limit}
        return tuple(beat for beat, _ in self._heard.values())

    @property
    def num_gpus(self) -> int:
        """The most that a worker here may use, as it says."""
        return max((beat.num_gpus or 0 for beat in self.workers()), default=0)

    def runs(self, but: str = "") -> frozenset[str]:
        """Runs and dry runs with work under way here, without that of one task."""
        claims = self.under_way.tasks().items()
        return frozenset(one.run for task_id, one in claims if one.run is not None and task_id != but)

    def over(self, task_id: str) -> None:
        """Its worker has ended it: where others wait for it, the hub hears it at once."""
        if self.under_way.end(task_id):
            self.changed.set()

    def waiting(self) -> tuple[str, ...]:
        """Tasks that lie in the local queue, as far as the agent knows."""
        return tuple(self._waiting)

    def fed(self, task_ids: tuple[str, ...]) -> None:
        """They were put into the local queue."""
        now = time.monotonic()
        self._waiting |= dict.fromkeys(task_ids, now)

    def taken(self, task_id: str) -> None:
        """A worker claimed it, or learned that it is over."""
        self._waiting.pop(task_id, None)

    def forget_waiting(self, older_than_seconds: float) -> None:
        """What was fed longer ago is asked for anew: its message was lost."""
        limit = time.monotonic() - older_than_seconds
        self._waiting = {task_id: at for task_id, at in self._waiting.items() if at > limit}
