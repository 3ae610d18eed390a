"""What stays of uploads that broke off: named by its task, so that it counts as the task's and goes with it."""

import hashlib

from backend.artifacts.store import ArtifactStore


def mark_of(task_id: str) -> str:
    """What the names of a task's parts begin with."""
    return hashlib.sha256(task_id.encode()).hexdigest()[:16]


def part_name(sha256: str, task_id: str) -> str:
    return f"{mark_of(task_id)}-{sha256}"


def bytes_of_parts(store: ArtifactStore, task_id: str, but: str) -> int:
    """Of all parts of a task but one, which the upload that is asked about goes on from or replaces."""
    return sum(size for name, size in store.parts().items() if name.startswith(f"{mark_of(task_id)}-") and name != but)


def drop_parts_of_others(store: ArtifactStore, parts: list[str], task_ids: set[str]) -> int:
    """Forgets those of these parts that belong to none of the tasks; returns their number."""
    marks = {mark_of(task_id) for task_id in task_ids}
    ended = [part for part in parts if part.partition("-")[0] not in marks]
    for part in ended:
        store.drop_part(part)
    return len(ended)
