"""`fedsm experiment create --sweep`: what is there already where the server refuses one of the experiments."""

from types import SimpleNamespace
from typing import Any

import pytest

from backend.contracts.experiment_config import ExperimentConfig
from backend.experiments.sweeps.schemas import SweepPlan, SweptExperiment
from fedsm.cli.sweep import create_all
from fedsm.client import ApiError, Client

CONFIG = ExperimentConfig.model_validate({"strategies": [{"name": "fedavg"}]})


def plan(*names: str) -> SweepPlan:
    one: dict[str, Any] = {"label": "", "config": CONFIG, "methods": ["FedAvg"], "num_runs": 1, "problems": []}
    experiments = [SweptExperiment(name=name, **one) for name in names]
    return SweepPlan(experiments=experiments, num_runs=len(names), num_rounds=len(names))


class ClientOfFullServer(Client):
    """Refuses every experiment after the second."""

    def __init__(self) -> None:
        super().__init__("http://server.test", "token")
        self.num_made = 0

    def create_experiment(self, federation_id: str, name: str, config: ExperimentConfig, description: str = "") -> Any:
        if self.num_made == 2:
            raise ApiError(507, "disk_full", "no space is left", [])
        self.num_made += 1
        return SimpleNamespace(id=f"e{self.num_made}", name=name)

    def start_experiment(self, experiment_id: str) -> Any:
        return SimpleNamespace(id=experiment_id)


def test_a_sweep_that_fails_says_what_is_created(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ApiError, match="no space is left"):
        create_all(ClientOfFullServer(), "f", plan("Try 1", "Try 2", "Try 3"), "", start=True)
    said = capsys.readouterr().err
    assert said.startswith("2 of 3 experiment(s) are created, 0 started; delete them before the sweep is tried again:")
    assert said.splitlines()[1:] == ["e1  Try 1", "e2  Try 2"]


def test_a_sweep_is_created_and_started(capsys: pytest.CaptureFixture[str]) -> None:
    made = create_all(ClientOfFullServer(), "f", plan("Try 1", "Try 2"), "", start=True)
    assert ([each.id for each in made], capsys.readouterr().err) == (["e1", "e2"], "")
