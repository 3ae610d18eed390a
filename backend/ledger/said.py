"""How much one task may say in total: beyond it lines are dropped and counted, and one event says so.

Counted is what a worker can say as often as it likes: lines of logs, measurements, claims, tasks given back.
"""

from typing import Literal

from backend.db.models import Task

#: Training says its loss each 5 s: more than a day of it.
MAX_PER_TRAINING = 20_000
#: Of every other task, which says what it found and for what it waits.
MAX_PER_TASK = 2_000

Verdict = Literal["kept", "first_dropped", "dropped"]


def most_of(task: Task) -> int:
    return MAX_PER_TRAINING if task.kind == "train_site" else MAX_PER_TASK


def count_said(task: Task) -> Verdict:
    """Counts one more. The caller holds the task's lock."""
    if task.num_said < most_of(task):
        task.num_said += 1
        return "kept"
    task.num_dropped += 1
    return "first_dropped" if task.num_dropped == 1 else "dropped"


def words(task: Task) -> str:
    return (
        f"the task has said {most_of(task)} things, the most there may be: what it says from now on is dropped and "
        "counted, only its end is not. The work goes on."
    )
