"""Sweeps: what a grid over settings would make, before anything is created. Who wants it creates each experiment."""

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
from backend.ledger.start_model import resolved

MAX_NAME = 80


def planned(session: Session, federation_id: str, body: SweepCreate) -> SweepPlan:
    """Raises InvalidInput naming an axis, or what an experiment of the sweep may not have."""
    federation = get_row(session, Federation, federation_id)
    data = sites_with_data(session, federation_id)
    experiments = []
    config = resolved(session, federation_id, body.config)
    for point in _points(body.model_copy(update={"config": config})):
        config = point.config
        experiments.append(
            SweptExperiment(
                name=_name(body.name, point.label),
                label=point.label,
                config=config,
                methods=strategy_labels(config.strategies),
                num_runs=len(config.strategies) * len(config.seeds),
                problems=problems_on(session, config, data, federation.task),
            )
        )
    return SweepPlan(
        experiments=experiments,
        num_runs=sum(each.num_runs for each in experiments),
        num_rounds=sum(each.num_runs * each.config.schedule.rounds for each in experiments),
    )


def _points(body: SweepCreate) -> list[SweepPoint]:
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


def _name(name: str, label: str) -> str:
    """`How far to pull (schedule.learning_rate 0.001)`: what differs stays whole where the name is too long."""
    if not label:
        return name
    end = f" ({label})"[: MAX_NAME - 1]
    return f"{name[: MAX_NAME - len(end)].rstrip()}{end}"
