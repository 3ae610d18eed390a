"""A grid over settings, and the experiments that it would make."""

from pydantic import Field

from backend.contracts.base import Contract, with_example
from backend.contracts.config_problems import ConfigProblem
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.sweep import SweepAxis
from backend.contracts.values import Name
from backend.record import Record


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
