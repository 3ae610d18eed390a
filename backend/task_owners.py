"""Who owns a kind of task: where its payload comes from, what its result changes, where its events belong.

Each owner registers itself. The ledger hands out and takes back tasks of every kind, and knows no owner by name.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from sqlalchemy.orm import Session

from backend.contracts.task_kinds import TaskKind
from backend.contracts.tasks import TaskPayload, TaskResult
from backend.db.models import Run, Task


@dataclass(frozen=True)
class EventPlace:
    """run: that whose log holds the task's events. prefix: in front of what is said of the task itself.

    private: what a worker says of the task, its errors among it, may hold what a user may ask to forget, as the name of
    a file. It stays with the task, with which it is deleted, and events, which nobody deletes, do not repeat it. It is
    the user's affair too, and no error of the platform."""

    run: Run | None = None
    federation_id: str | None = None
    dataset_id: str | None = None
    prefix: str = ""
    private: bool = False


class TaskOwner(ABC):
    """Of one kind of task or several. The caller holds the locks of the task and of its run, and gives results of the
    task's own kind only."""

    @abstractmethod
    def payload(self, session: Session, task: Task) -> TaskPayload:
        """What a worker needs, as it is at the time of the claim."""

    @abstractmethod
    def check(self, session: Session, task: Task, result: TaskResult) -> None:
        """Changes nothing. Raises InvalidInput for what cannot be this task's result."""

    @abstractmethod
    def store(self, session: Session, task: Task, result: TaskResult) -> None:
        """Writes the result of a task that is completed with it. Raises InvalidInput where an artifact is missing."""

    @abstractmethod
    def event_place(self, session: Session, task: Task) -> EventPlace: ...

    def go_on(self, session: Session, task: Task) -> None:  # noqa: B027 - most kinds need none
        """Called when the task has ended, well or not: opens what is due next."""

    def give_up(self, session: Session, task: Task, message: str, actor: str) -> None:  # noqa: B027 - most kinds need none
        """Called when the last attempt has failed."""


_OWNERS: dict[str, TaskOwner] = {}


def register(owner: TaskOwner, *kinds: TaskKind) -> None:
    """Raises RuntimeError for a kind that has an owner already."""
    for kind in kinds:
        if kind in _OWNERS:
            raise RuntimeError(f"the task kind {kind!r} has two owners")
        _OWNERS[kind] = owner


def owner_of(task: Task) -> TaskOwner:
    """Raises RuntimeError for a kind that nobody registered."""
    if task.kind not in _OWNERS:
        raise RuntimeError(f"task {task.id} has the kind {task.kind!r}, which nobody owns")
    return _OWNERS[task.kind]


def owned_kinds() -> frozenset[str]:
    return frozenset(_OWNERS)
