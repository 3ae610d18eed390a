"""How long a participant's work should take: by its own progress, its earlier rounds, and the pace of the others."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from backend.contracts.status import TaskStatus
from backend.contracts.task_progress import PREPARED_SHARE
from backend.contracts.tasks import POOLED
from backend.db.models import Case, Run, RunDataset, Task

#: Rounds back that say how long a participant usually takes.
USUAL_ROUNDS = 5


@dataclass(frozen=True)
class Work:
    """What is known of a completed task."""

    kind: str
    participant: str
    round: int
    seconds: float


class Pace:
    """Of one run. completed: its completed tasks of the kinds that are open. num_cases: of each site."""

    def __init__(self, completed: Iterable[Work], num_cases: Mapping[str, int]) -> None:
        self.num_cases = num_cases
        self._of_participant: dict[tuple[str, str], list[Work]] = defaultdict(list)
        self._of_step: dict[tuple[str, int], list[Work]] = defaultdict(list)
        for work in completed:
            self._of_participant[work.kind, work.participant].append(work)
            self._of_step[work.kind, work.round].append(work)

    def expected_seconds(self, task: Task) -> float | None:
        """The longest of the three; None where nothing is known yet."""
        found = [self._by_progress(task), self._by_earlier_rounds(task), self._by_others(task)]
        return max((seconds for seconds in found if seconds is not None), default=None)

    def _by_progress(self, task: Task) -> float | None:
        """At the speed that it had when it last moved, so that one which stands still does not gain time by it."""
        if not has_speed(task) or task.progress_at is None or task.started_at is None:
            return None
        return (task.progress_at - task.started_at).total_seconds() / task.fraction

    def _by_earlier_rounds(self, task: Task) -> float | None:
        own = [
            other for other in self._of_participant.get((task.kind, task.participant), ()) if other.round != task.round
        ]
        latest = sorted(own, key=lambda other: other.round)[-USUAL_ROUNDS:]
        return median(other.seconds for other in latest) if latest else None

    def _by_others(self, task: Task) -> float | None:
        """As long as the slowest other, for as many cases."""
        step = self._of_step.get((task.kind, task.round), ())
        paces = [other.seconds * self._share(task, other) for other in step]
        return max(paces, default=None)

    def _share(self, task: Task, other: Work) -> float:
        own, theirs = self.num_cases.get(task.participant, 0), self.num_cases.get(other.participant, 0)
        return max(1.0, own / theirs) if theirs else 1.0


def has_speed(task: Task) -> bool:
    """Whether it has come to the work itself: how long its cases took to load says nothing of that."""
    return task.fraction > PREPARED_SHARE


def load_pace(session: Session, run: Run, open_: Sequence[Task], running: Sequence[Task]) -> Pace:
    """running: those of the open ones of which `expected_seconds` is asked."""
    if not running:
        return Pace((), {})
    # Of a hundred sites a few work at a time: what the others did in earlier rounds says nothing of these.
    same_site = Task.participant.in_({task.participant for task in running})
    completed = select(Task.kind, Task.participant, Task.round, Task.started_at, Task.finished_at).where(
        Task.run_id == run.id,
        Task.kind.in_({task.kind for task in running}),
        Task.status == TaskStatus.COMPLETED,
        Task.round >= min(task.round for task in open_) - USUAL_ROUNDS,
        or_(same_site, Task.round.in_({task.round for task in running})),
    )
    cases = (
        select(RunDataset.site_slug, func.count())
        .join(Case, Case.dataset_id == RunDataset.dataset_id)
        .where(RunDataset.run_id == run.id, Case.used)
        .group_by(RunDataset.site_slug)
    )
    num_cases: dict[str, int] = dict(session.execute(cases).all())
    works = (
        Work(kind, participant, number, _seconds(started_at, finished_at))
        for kind, participant, number, started_at, finished_at in session.execute(completed)
    )
    return Pace(works, {**num_cases, POOLED: sum(num_cases.values())})


def _seconds(started_at: datetime | None, finished_at: datetime | None) -> float:
    return 0.0 if started_at is None or finished_at is None else (finished_at - started_at).total_seconds()
