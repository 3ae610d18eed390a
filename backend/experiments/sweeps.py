"""Sweeps: what a grid over settings would make, before anything is created. Who wants it creates each experiment."""

from fastapi import APIRouter
from pydantic import Field
from pydantic_core import PydanticCustomError
from sqlalchemy.orm import Session

from backend.contracts.base import Contract, with_example
from backend.contracts.config_problems import ConfigProblem
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.sweep import SweepAxis, SweepPoint, swept
from backend.contracts.values import Id, Name
from backend.db.lookup import get_row
from backend.db.models import Federation
from backend.dependencies import ReadSession
from backend.errors import InvalidInput
from backend.experiments.labels import strategy_labels
from backend.ledger.snapshot import problems_on, sites_with_data
from backend.ledger.start_model import resolved
from backend.policy import CanRunExperiments, NamedInBody
from backend.record import Record

router = APIRouter(tags=["experiments"])
MAX_NAME = 80


class SweepCreate(Contract):
    model_config = with_example(
        name="How far to pull",
        config={"strategies": [{"name": "fedsm"}, {"name": "fedavg"}], "schedule": {"rounds": 10}},
        axes=[
            {"path": "fedsm.lambda", "values": [0.5, 0.7, 0.9]},
            {"path": "schedule.learning_rate", "values": [0.001, 0.003]},
        ],
    )

    name: Name
    config: ExperimentConfig
    axes: tuple[SweepAxis, ...] = Field(min_length=1, max_length=8)


class SweptExperiment(Record):
    """Send name and config to `POST /federations/{id}/experiments` to create it."""

    name: str
    label: str = Field(description="What differs from the sweep's other experiments; empty where it is the only one.")
    config: ExperimentConfig
    methods: list[str] = Field(description="The labels of its methods, each with what tells it apart.")
    num_runs: int
    problems: list[ConfigProblem] = Field(description="Why this federation would refuse it.")


class SweepPlan(Record):
    experiments: list[SweptExperiment]
    num_runs: int = Field(description="Of all experiments, every seed counted.")
    num_rounds: int = Field(description="Of all runs together: what a sweep costs grows with it.")


@router.post("/federations/{federation_id}/experiments/sweep")
def plan_sweep(
    _user: CanRunExperiments, federation_id: Id, body: SweepCreate, named: NamedInBody, session: ReadSession
) -> SweepPlan:
    """What a grid over settings would make, without creating anything.

    A method's setting makes more methods of one experiment; a setting that all methods share makes more experiments.
    """
    named.require_start(body.config)
    return planned(session, federation_id, body)


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
