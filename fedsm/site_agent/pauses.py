"""When work of runs waits at a hospital, by its policy: outside of its hours, and beyond its number of runs."""

from collections.abc import Collection, Sequence
from datetime import datetime

from backend.contracts.dry_runs import DryRunSitePayload
from backend.contracts.site_pause import MAX_OPEN_RUNS, SaidPause
from backend.contracts.tasks import RunSpec, TaskPayload
from fedsm.site_agent.hours import are_open, next_opening
from fedsm.site_agent.policy import FILE_NAME, HospitalPolicy

#: Of the 300 that `SitePause.said` may have, with room for the other words.
MAX_WINDOWS_CHARACTERS = 240


class Waits(Exception):
    """A task is given back unharmed, for it may be done later. Its text has the policy's line."""


def local_now() -> datetime:
    """By the machine's own clock and zone, in which the policy's hours are written."""
    return datetime.now().astimezone()


def run_of(payload: TaskPayload) -> str | None:
    """The id of the run, or dry run, that a task works for; None for the check of a data set, which never waits."""
    if isinstance(payload, DryRunSitePayload):
        return payload.dry_run_id
    run: RunSpec | None = getattr(payload, "run", None)
    return None if run is None else run.run_id


def pause_of(policy: HospitalPolicy, under_way: Collection[str], at: datetime, num_gpus: int = 0) -> SaidPause | None:
    """Why work of other runs than those under way waits at the local time `at`; None where it does not. num_gpus: of
    the worker that runs, which was perhaps started under another policy."""
    if policy.gpus is not None and num_gpus > len(policy.gpus):
        said = f"lets a worker use {len(policy.gpus)} GPUs and the one that runs has {num_gpus}, until it starts again"
        return SaidPause(line="gpus", said=said)
    if policy.hours is not None and not are_open(policy.hours, at):
        said = f"trains {_windows(policy.hours)} {at.tzname() or ''}".rstrip() if policy.hours else "never trains"
        return SaidPause(line="hours", said=said, until=next_opening(policy.hours, at))
    if policy.maximum_runs is not None and len(under_way) >= policy.maximum_runs:
        number = policy.maximum_runs
        said = f"works for {number} {'run' if number == 1 else 'runs'} at a time"
        return SaidPause(line="maximum_runs", said=said, open_runs=tuple(sorted(under_way))[:MAX_OPEN_RUNS])
    return None


def _windows(hours: Sequence[str]) -> str:
    """The policy's windows, or their number where the hub's message has no room for them."""
    words = ", ".join(hours)
    return words if len(words) <= MAX_WINDOWS_CHARACTERS else f"in {len(hours)} windows of its policy file"


def require_open(
    policy: HospitalPolicy, payload: TaskPayload, under_way: Collection[str], at: datetime, num_gpus: int
) -> None:
    """Raises Waits for a task whose time has not come, whatever the hub hands out."""
    run, pause = run_of(payload), pause_of(policy, under_way, at, num_gpus)
    if run is not None and pause is not None and run not in pause.open_runs:
        raise Waits(in_words(pause))


def in_words(pause: SaidPause) -> str:
    """For the hub's people, with the policy's line."""
    return f"{FILE_NAME} of the site, {pause.line}: the site {pause.said}"
