"""How long a participant's work should take: by its own progress, its earlier rounds, and the pace of the others."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.contracts.status import TaskStatus
from backend.contracts.task_progress import PREPARED_SHARE
from backend.contracts.tasks import POOLED
from backend.db.models import Case, Run, RunDataset, Task

#: Rounds back that say how long a participant usually takes.
USUAL_ROUNDS = 5


@dataclass(frozen=True)
class Pace:
    """completed: the run's completed tasks of the kinds that are open. num_cases: of each site."""

    completed: tuple[Task, ...]
    num_cases: Mapping[str, int]

    @classmethod
    def empty(cls) -> "Pace":
        return cls((), {})

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
            other
            for other in self.completed
            if (other.kind, other.participant) == (task.kind, task.participant) and other.round != task.round
        ]
        latest = sorted(own, key=lambda other: other.round)[-USUAL_ROUNDS:]
        return median(map(_seconds, latest)) if latest else None

    def _by_others(self, task: Task) -> float | None:
        """As long as the slowest other, for as many cases."""
        step = [other for other in self.completed if (other.kind, other.round) == (task.kind, task.round)]
        paces = [_seconds(other) * self._share(task, other) for other in step]
        return max(paces, default=None)

    def _share(self, task: Task, other: Task) -> float:
        own, theirs = self.num_cases.get(task.participant, 0), self.num_cases.get(other.participant, 0)
        return max(1.0, own / theirs) if theirs else 1.0


def has_speed(task: Task) -> bool:
    """Whether it has come to the work itself: how long its cases took to load says nothing of that."""
    return task.fraction > PREPARED_SHARE


def load_pace(session: Session, run: Run, open_: list[Task]) -> Pace:
    completed = select(Task).where(
        Task.run_id == run.id,
        Task.kind.in_({task.kind for task in open_}),
        Task.status == TaskStatus.COMPLETED,
        Task.round >= min(task.round for task in open_) - USUAL_ROUNDS,
    )
    cases = (
        select(RunDataset.site_slug, func.count())
        .join(Case, Case.dataset_id == RunDataset.dataset_id)
        .where(RunDataset.run_id == run.id, Case.used)
        .group_by(RunDataset.site_slug)
    )
    num_cases: dict[str, int] = dict(session.execute(cases).all())
    return Pace(tuple(session.scalars(completed)), {**num_cases, POOLED: sum(num_cases.values())})


def _seconds(task: Task) -> float:
    if task.started_at is None or task.finished_at is None:
        return 0.0
    return (task.finished_at - task.started_at).total_seconds()
