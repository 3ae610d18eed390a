"""Sweeps: what a grid over settings would make, before anything is created. Who wants it creates each experiment."""

from collections.abc import Sequence

from pydantic_core import PydanticCustomError
from sqlalchemy.orm import Session

from backend.contracts.config_problems import ConfigProblem
from backend.contracts.sweep import SweepPoint, swept
from backend.db.lookup import get_row
from backend.db.models import Federation
from backend.errors import InvalidInput
from backend.experiments.labels import strategy_labels
from backend.experiments.sweeps.schemas import SweepCreate, SweepPlan, SweptExperiment
from backend.ledger.snapshot import problems_on, sites_with_data
from backend.ledger.start_model import resolved_or_problems

MAX_NAME = 80
#: Letters of the sweep's name that stay next to what differs: fewer are not recognised.
MIN_NAME = 20


def planned(session: Session, federation_id: str, name: str, points: Sequence[SweepPoint]) -> SweepPlan:
    """The experiments of these points, each with what this federation would refuse of it."""
    federation = get_row(session, Federation, federation_id)
    data = sites_with_data(session, federation_id)
    experiments = []
    for point, own_name in zip(points, names_of(name, [point.label for point in points]), strict=True):
        config, unknown = resolved_or_problems(session, federation_id, point.config)
        experiments.append(
            SweptExperiment(
                name=own_name,
                label=point.label,
                config=point.config if unknown else config,
                methods=strategy_labels(config.strategies),
                num_runs=len(config.strategies) * len(config.seeds),
                problems=[*unknown, *problems_on(session, config, data, federation.task)],
            )
        )
    return SweepPlan(
        experiments=experiments,
        num_runs=sum(each.num_runs for each in experiments),
        num_rounds=sum(each.num_runs * each.config.schedule.last_round for each in experiments),
    )


def points_of(body: SweepCreate) -> list[SweepPoint]:
    """Raises InvalidInput naming an axis, or what an experiment of the sweep may not have."""
    try:
        return swept(body.config, body.axes)
    except PydanticCustomError as error:
        refusals = (error.context or {}).get("refusals", [])
        raise InvalidInput.of_problems(
            [
                ConfigProblem(
                    field=each["field"], value=each["value"] or "", message=each["message"], remedy=each["remedy"]
                )
                for each in refusals
            ]
        ) from error


def names_of(name: str, labels: Sequence[str]) -> list[str]:
    """`How far to pull (schedule.learning_rate 0.001)`: what differs stays whole, a name that is too long is shortened.

    Where that leaves too little of the name, or two of them are the same, all are numbered: `How far to pull (2 of 9)`.
    """
    names = [_ended(name, label) for label in labels]
    least = min(len(name), MIN_NAME)
    if len(set(names)) == len(names) and all(len(_end(label)) + least <= MAX_NAME for label in labels):
        return names
    if len(labels) == 1:
        return [name]
    return [_ended(name, f"{number} of {len(labels)}") for number in range(1, len(labels) + 1)]


def _ended(name: str, label: str) -> str:
    end = _end(label)
    return f"{name[: max(MAX_NAME - len(end), 0)].rstrip()}{end}"


def _end(label: str) -> str:
    return f" ({label})" if label else ""
