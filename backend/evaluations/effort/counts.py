"""What the sites reported of each round's training, read for several runs at once."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.contracts.status import TaskStatus
from backend.db.models import Metric, Task

#: Model to participant to number.
Counts = dict[str, dict[str, float]]


@dataclass
class RoundCounts:
    """One round of a run, of the participants whose updates were used.

    steps, images: by model. seconds, num_bytes: by participant.
    """

    steps: Counts = field(default_factory=lambda: defaultdict(dict))
    images: Counts = field(default_factory=lambda: defaultdict(dict))
    seconds: dict[str, float] = field(default_factory=dict)
    num_bytes: dict[str, int] = field(default_factory=dict)


def counts_of_rounds(session: Session, run_ids: Iterable[str]) -> dict[str, dict[int, RoundCounts]]:
    """Run to round to what it took, rounds ascending. A site whose update was refused or never came is not counted."""
    ids = list(run_ids)
    found: dict[str, dict[int, RoundCounts]] = defaultdict(lambda: defaultdict(RoundCounts))
    tasks = select(Task.run_id, Task.round, Task.participant, Task.seconds, Task.bytes_up, Task.bytes_down).where(
        Task.run_id.in_(ids), Task.kind == "train_site", Task.status == TaskStatus.COMPLETED
    )
    for run_id, number, participant, seconds, up, down in session.execute(tasks.order_by(Task.round)):
        if run_id is not None:
            counts = found[run_id][number]
            counts.seconds[participant] = seconds or 0.0
            counts.num_bytes[participant] = (up or 0) + (down or 0)
    columns = (Metric.run_id, Metric.round, Metric.site_slug, Metric.model, Metric.name, Metric.value)
    metrics = select(*columns).where(Metric.run_id.in_(ids), Metric.split == "train")
    for run_id, number, participant, model, name, value in session.execute(
        metrics.where(Metric.name.in_(("steps", "images")))
    ):
        if (trained := found[run_id].get(number)) is not None and participant in trained.seconds:
            (trained.steps if name == "steps" else trained.images)[model][participant] = value
    return {run_id: dict(rounds) for run_id, rounds in found.items() if rounds}
