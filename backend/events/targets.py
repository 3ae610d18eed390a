"""Whether what an event is about is still there: nobody is sent to a page of what was deleted."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.models import Dataset, Experiment, Federation
from backend.events.schemas import EventRecord

#: In the order of links: the first that an event names is where it leads.
_TARGETS = (("experiment_id", Experiment), ("dataset_id", Dataset), ("federation_id", Federation))


def with_targets(session: Session, events: list[EventRecord]) -> list[EventRecord]:
    """The events, each saying whether its target is deleted. One query for each kind of target."""
    targets = [_target(event) for event in events]
    there: set[str] = set()
    for field, model in _TARGETS:
        wanted = {target[1] for target in targets if target is not None and target[0] == field}
        if wanted:
            there.update(session.scalars(select(model.id).where(model.id.in_(wanted))))
    return [
        event.model_copy(update={"target_deleted": target is not None and target[1] not in there})
        for event, target in zip(events, targets, strict=True)
    ]


def _target(event: EventRecord) -> tuple[str, str] | None:
    return next(((field, found) for field, _ in _TARGETS if (found := getattr(event, field)) is not None), None)
