"""Tasks that workers here have claimed. They are on the disk too, so that an agent that starts again knows them."""

import logging
from pathlib import Path
from time import monotonic

from pydantic import TypeAdapter, ValidationError

from backend.contracts.base import Contract
from backend.contracts.site_limits import SiteLimits
from fedsm.site_agent.site_home import write_private

logger = logging.getLogger(__name__)

#: A claim that is silent for longer is let go for good.
KEPT_SECONDS = 86400.0


class Claim(Contract):
    """run: or dry run, for which the task works; None for the check of a data set. limits: as they were then. origin:
    the correlation id of the click that the task goes back to; None where the hub said none."""

    run: str | None
    lease_seconds: float
    limits: SiteLimits
    origin: str | None = None


_CLAIMS = TypeAdapter(dict[str, Claim])


class UnderWay:
    """A task whose worker says nothing for longer than the lease is not under way: the worker died, and the hub gives
    the task out again. One whose worker speaks again is."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._claims = _read(path)
        self._heard_at = dict.fromkeys(self._claims, monotonic())

    def begin(self, task_id: str, claim: Claim) -> None:
        limit = monotonic() - KEPT_SECONDS
        self._heard_at = {known: at for known, at in self._heard_at.items() if at > limit}
        self._claims = {known: self._claims[known] for known in self._heard_at}
        self._claims[task_id] = claim
        self._heard_at[task_id] = monotonic()
        self._write()

    def heard(self, task_id: str) -> None:
        """Its worker speaks of it."""
        if task_id in self._claims:
            self._heard_at[task_id] = monotonic()

    def end(self, task_id: str) -> bool:
        """Gives whether it was known."""
        if self._claims.pop(task_id, None) is None:
            return False
        del self._heard_at[task_id]
        self._write()
        return True

    def claim(self, task_id: str) -> Claim | None:
        """None for a task that an agent of a version before gave to its worker."""
        return self._claims.get(task_id)

    def origin(self, given: str | None) -> str | None:
        """A correlation id that a worker says, where a task came with it; None for any other, which would leave."""
        return given if given is not None and any(claim.origin == given for claim in self._claims.values()) else None

    def tasks(self) -> dict[str, Claim]:
        """Those whose workers are not silent."""
        now = monotonic()
        return {
            task_id: claim
            for task_id, claim in self._claims.items()
            if now - self._heard_at[task_id] <= claim.lease_seconds
        }

    def _write(self) -> None:
        write_private(self._path, _CLAIMS.dump_json(self._claims).decode())


def _read(path: Path) -> dict[str, Claim]:
    try:
        return _CLAIMS.validate_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValidationError:
        logger.warning("%s cannot be read: tasks that were claimed before this start count as those of runs", path)
        return {}
