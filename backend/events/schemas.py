"""Response bodies of events."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from backend.record import Record

Kind = Literal[
    "status",
    "round",
    "task",
    "metrics",
    "log",
    "dataset",
    "site",
    "experiment",
    "federation",
    "user",
    "storage",
    "model",
]
Level = Literal["info", "warning", "error"]


class EventRecord(Record):
    """What happened, when and by whom. The stream sends the same objects."""

    id: int
    at: datetime
    kind: Kind
    actor: str
    level: Level
    message: str
    federation_id: str | None
    experiment_id: str | None
    run_id: str | None
    dataset_id: str | None
    site_slug: str | None
    round: int | None
    task_id: str | None
    target_deleted: bool = Field(
        default=False,
        description="The experiment that the event is about is deleted; without one the data set, or the federation.",
    )
