"""What a caller of the worker API may touch: a hospital its own tasks and what they name, the hub's own workers
everything but the tasks of hospitals that joined.

What is not the caller's is answered as what is not there: no answer says what others have.
"""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from backend.artifacts.owners import FIELDS, READ_BY_WORKERS
from backend.artifacts.service import require_wanted
from backend.contracts.status import TERMINAL_RUN_STATUSES, TaskStatus
from backend.contracts.tasks import ClaimedTask, TaskResult
from backend.contracts.worker_state import KeptAtWorker
from backend.db.models import ArtifactHold, Run, Task
from backend.errors import AttemptSuperseded, Forbidden, InvalidInput, NotFound, TaskNotClaimable
from backend.joined_sites import is_joined
from backend.sites.enrolment.identity import SiteWorker, WorkerIdentity

#: `Contract.field` of each hash of an artifact that travels to or from a worker.
_NAMED = FIELDS.keys() | READ_BY_WORKERS


def require_claimable(session: Session, worker: WorkerIdentity, task_id: str) -> None:
    """Raises TaskNotClaimable."""
    if not _is_of(session, worker, task_id):
        raise TaskNotClaimable(f"there is no task {task_id} for this worker: drop the message")


def require_claimed(session: Session, worker: WorkerIdentity, task_id: str) -> None:
    """Raises AttemptSuperseded."""
    if not _is_of(session, worker, task_id):
        raise AttemptSuperseded(f"this worker has no task {task_id}: drop the work")


def _is_of(session: Session, worker: WorkerIdentity, task_id: str) -> bool:
    task = session.get(Task, task_id)
    queue = task.queue if task is not None else None
    if isinstance(worker, SiteWorker):
        return queue == worker.queue
    return queue is None or not is_joined(session, queue)


def require_site(worker: WorkerIdentity) -> SiteWorker:
    """Raises Forbidden for the hub's own workers."""
    if not isinstance(worker, SiteWorker):
        raise Forbidden("only a hospital's agent asks this: the hub's own workers are served by the broker")
    return worker


def grant(session: Session, worker: WorkerIdentity, claimed: ClaimedTask) -> None:
    """From now on until the task is over a hospital may download what its payload names."""
    if isinstance(worker, SiteWorker):
        session.get_one(Task, claimed.task_id).readable = sorted(set(named_artifacts(claimed.payload)))


def require_readable(session: Session, worker: WorkerIdentity, sha256: str) -> None:
    """Raises NotFound."""
    if isinstance(worker, SiteWorker) and not _may_read(session, worker, sha256):
        raise NotFound(f"there is no artifact {sha256}")


def _may_read(session: Session, worker: SiteWorker, sha256: str) -> bool:
    if sha256 in readable(session, worker):
        return True
    own = select(ArtifactHold.sha256).join(Task, Task.id == ArtifactHold.task_id)
    return session.scalar(own.where(ArtifactHold.sha256 == sha256, Task.queue == worker.queue).limit(1)) is not None


def readable(session: Session, worker: SiteWorker) -> frozenset[str]:
    """What the payloads of the site's tasks under way name."""
    under_way = select(Task.readable).where(
        Task.queue == worker.queue, Task.status == TaskStatus.RUNNING, Task.readable.is_not(None)
    )
    return frozenset(sha256 for hashes in session.scalars(under_way) for sha256 in hashes or ())


def require_upload(session: Session, worker: WorkerIdentity, task_id: str | None) -> None:
    """Raises AttemptSuperseded: a hospital uploads for a task that it is at, and for nothing else."""
    if not isinstance(worker, SiteWorker):
        return
    if task_id is None:
        raise Forbidden("an upload of a hospital names its task in X-FedSM-Task: name it")
    require_claimed(session, worker, task_id)
    require_wanted(session, task_id)


def require_own_files(session: Session, worker: WorkerIdentity, task_id: str, result: TaskResult) -> None:
    """Raises InvalidInput where a hospital's result names a file that it neither uploaded for this task nor was
    given."""
    if not isinstance(worker, SiteWorker):
        return
    task = session.get_one(Task, task_id)
    held = session.scalars(select(ArtifactHold.sha256).where(ArtifactHold.task_id == task_id))
    foreign = set(named_artifacts(result)) - set(held) - set(task.readable or ())
    if foreign:
        raise InvalidInput.of_field(
            "result",
            ", ".join(sorted(foreign)[:3]),
            f"names {len(foreign)} artifact(s) that were not uploaded for this task",
            "PUT them with X-FedSM-Task, then complete",
        )


def what_is_gone(session: Session, worker: SiteWorker, kept: KeptAtWorker) -> KeptAtWorker:
    """Everything but what the site's tasks under way need, and what its last task of each run that is not over named:
    the next round has frozen parts again. No answer says which other hashes there are."""
    needed = readable(session, worker) | _named_last(session, worker)
    runs = set(session.scalars(select(Run.id).where(Run.id.in_(select(Task.run_id).where(Task.queue == worker.queue)))))
    return KeptAtWorker(
        artifacts=tuple(sha256 for sha256 in kept.artifacts if sha256 not in needed),
        runs=tuple(run_id for run_id in kept.runs if run_id not in runs),
    )


def _named_last(session: Session, worker: SiteWorker) -> frozenset[str]:
    """Between two tasks of a run a site has none."""
    of_site = select(Task.run_id, func.max(Task.started_at).label("started_at")).join(Run, Run.id == Task.run_id)
    of_site = of_site.where(Task.queue == worker.queue, Run.status.not_in(TERMINAL_RUN_STATUSES))
    last = of_site.group_by(Task.run_id).subquery()
    query = select(Task.readable).join(last, and_(Task.run_id == last.c.run_id, Task.started_at == last.c.started_at))
    query = query.where(Task.queue == worker.queue, Task.readable.is_not(None))
    return frozenset(sha256 for hashes in session.scalars(query) for sha256 in hashes or ())


def named_artifacts(value: Any) -> Iterator[str]:
    """Of a payload or a result: each hash in a field that names artifacts."""
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            inner = getattr(value, name)
            if f"{type(value).__name__}.{name}" in _NAMED:
                yield from _hashes(inner)
            else:
                yield from named_artifacts(inner)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from named_artifacts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from named_artifacts(inner)


def _hashes(value: Any) -> Iterator[str]:
    """Of such a field's value: a hash, a map of parts, or a map of maps."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _hashes(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _hashes(inner)
