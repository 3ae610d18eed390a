"""How many bytes a worker may upload: what its task can need, by the plan of its run, and no more.

A state has the size of its run's first one, which the coordinator made; an update is a state, at most with what a
method sends with it. Pictures and volumes are bounded by their kind.
"""

from collections.abc import AsyncIterable, AsyncIterator

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from backend.contracts.artifacts import JPEG, NIFTI_GZ, PNG, SAFETENSORS
from backend.db.models import Artifact, ArtifactHold, RunRound, Task
from backend.db.session import Database, read_only
from backend.errors import BodyTooLarge

MIB = 2**20
#: Of one file, by its kind. A first state has no other bound.
MAX_PER_KIND = {SAFETENSORS: 16 * 2**30, NIFTI_GZ: 2 * 2**30, PNG: 64 * MIB, JPEG: 4 * MIB}
MAX_OF_OTHERS = 256 * MIB
#: Of a state after the first: optimizers of the server, control variates and moments of the selector come to it.
STATE_FACTOR = 4
STATE_SLACK = 256 * MIB
#: Of all files of one task: an evaluation sends an image, a reference and a mask a model for each test case.
MAX_PER_TASK = 256 * 2**30
#: Of all files that name no task, until the sweep removes them.
MAX_UNOWNED = 16 * 2**30


def room_for(database: Database, task_id: str | None, media_type: str, kept_bytes: int = 0) -> int:
    """Bytes that this upload may have. kept_bytes: of the task's other uploads, which broke off."""
    most = MAX_PER_KIND.get(media_type, MAX_OF_OTHERS)
    with read_only(database) as session:
        if task_id is None:
            return min(most, MAX_UNOWNED - _unowned_bytes(session))
        task = session.get(Task, task_id)
        if task is not None and task.run_id is not None and media_type == SAFETENSORS:
            most = min(most, _most_of_state(session, task.run_id) or most)
        return min(most, MAX_PER_TASK - _bytes_of_task(session, task_id) - kept_bytes)


def _most_of_state(session: Session, run_id: str) -> int | None:
    """None before there is a first state."""
    first = session.get(RunRound, (run_id, 0))
    if first is None or not first.parts:
        return None
    hashes = list(first.parts.values())
    sizes = sum(_bytes(session, Artifact.sha256.in_(hashes[at : at + 500])) for at in range(0, len(hashes), 500))
    return STATE_FACTOR * sizes + STATE_SLACK if sizes else None


def _bytes_of_task(session: Session, task_id: str) -> int:
    held = select(ArtifactHold.sha256).where(ArtifactHold.task_id == task_id)
    return _bytes(session, Artifact.sha256.in_(held))


def _unowned_bytes(session: Session) -> int:
    return _bytes(session, Artifact.held_until.is_not(None))


def _bytes(session: Session, condition: ColumnElement[bool]) -> int:
    return int(session.scalar(select(func.sum(Artifact.num_bytes)).where(condition)) or 0)


async def limited(chunks: AsyncIterable[bytes], most_bytes: int, media_type: str) -> AsyncIterator[bytes]:
    """The stream. Raises BodyTooLarge once it is longer."""
    num_bytes = 0
    async for chunk in chunks:
        num_bytes += len(chunk)
        if num_bytes > most_bytes:
            raise BodyTooLarge.of_field(
                "body",
                f"{num_bytes} bytes or more",
                f"is larger than the {max(most_bytes, 0)} bytes that a file of {media_type} of this task can have",
                "send what the task asks for; if it is, look at the size of the run's first state",
            )
        yield chunk
