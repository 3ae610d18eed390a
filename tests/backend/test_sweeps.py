"""Sweeps: what a grid makes, and what is refused of it, by hand and over REST."""

from typing import Any

import pytest
from pydantic_core import PydanticCustomError

from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.sweep import SweepAxis, swept
from tests.backend.live_backend import LiveBackend

CONFIG: dict[str, Any] = {"strategies": [{"name": "fedsm"}, {"name": "fedavg"}], "schedule": {"rounds": 4}}


def points(**axes: list[Any]) -> Any:
    named = [SweepAxis(path=path.replace("__", "."), values=tuple(values)) for path, values in axes.items()]
    return swept(ExperimentConfig.model_validate(CONFIG), named)


def test_a_methods_setting_makes_more_methods_of_one_experiment() -> None:
    (point,) = points(fedsm__lambda=[0.5, 0.7], fedsm__selector__shrinkage=[0.1, 0.2])
    assert point.label == ""
    fedsm = [each for each in point.config.strategies if isinstance(each, FedSMConfig)]
    found = [(each.lambda_, each.selector.shrinkage) for each in fedsm]  # type: ignore[union-attr]
    assert found == [(0.5, 0.1), (0.5, 0.2), (0.7, 0.1), (0.7, 0.2)]
    assert [each.name for each in point.config.strategies] == ["fedsm"] * 4 + ["fedavg"]


def test_a_shared_setting_makes_more_experiments_named_by_what_differs() -> None:
    found = points(schedule__learning_rate=[0.001, 0.003], network__channels=[[8, 16], [16, 32]])
    assert [point.label for point in found] == [
        "schedule.learning_rate 0.001, network.channels [8, 16]",
        "schedule.learning_rate 0.001, network.channels [16, 32]",
        "schedule.learning_rate 0.003, network.channels [8, 16]",
        "schedule.learning_rate 0.003, network.channels [16, 32]",
    ]
    assert [point.config.schedule.learning_rate for point in found] == [0.001, 0.001, 0.003, 0.003]
    assert all(point.config.schedule.rounds == 4 for point in found)


def test_another_selector_or_network_has_its_own_defaults() -> None:
    (point,) = points(fedsm__selector__name=["lda", "cnn"])
    assert [each.selector.name for each in point.config.strategies[:2]] == ["lda", "cnn"]  # type: ignore[union-attr]
    assert [point.config.network.name for point in points(network__name=["unet", "segresnet"])] == ["unet", "segresnet"]


@pytest.mark.parametrize(
    ("axes", "field", "words"),
    [
        ({"fedsm__lamda": [0.5]}, "axes.0.path", "is no setting of this experiment"),
        ({"ditto__lambda": [0.5]}, "axes.0.path", "is no setting of this experiment"),
        ({"schedule": [1]}, "axes.0.path", "is no setting of this experiment"),
        ({"fedsm": [1]}, "axes.0.path", "is no setting of this experiment"),
        ({"fedsm__name": ["fedavg"]}, "axes.0.path", "is no setting of this experiment"),
        ({"seeds": [[0], [1]]}, "axes.0.path", "list them in config.seeds"),
        ({"fedsm__lambda": [0.5, 0.5]}, "axes.0.values", "a value is repeated"),
        ({"fedsm__lambda": [7]}, "axes.0.values", "less than or equal to 1, got 7"),
        ({"schedule__rounds": [2, 0]}, "axes.0.values", r"got 0 (schedule.rounds 0)"),
        ({"fedsm__lambda": [0.5], "fedsm__selector__shrinkage": [0.1, 5]}, "axes.1.values", "got 5"),
        ({"schedule__warmup_rounds": [1, 9]}, "axes", "warmup_rounds"),
        ({"schedule__rounds": list(range(1, 9)), "schedule__batch_size": [1, 2, 4, 8, 16]}, "axes", "40 experiments"),
    ],
)
def test_what_cannot_be_is_refused_by_name(axes: dict[str, list[Any]], field: str, words: str) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        points(**axes)
    assert caught.value.context is not None
    (first, *_) = caught.value.context["refusals"]
    assert first["field"] == field
    assert words in f"{first['message']} {first['remedy']}"


def test_an_axis_that_is_named_twice_is_refused() -> None:
    axis = SweepAxis(path="fedsm.lambda", values=(0.5,))
    with pytest.raises(PydanticCustomError, match="named twice"):
        swept(ExperimentConfig.model_validate(CONFIG), [axis, axis])


def test_a_plan_counts_runs_and_rounds_and_creates_nothing(backend: LiveBackend, federation: dict[str, Any]) -> None:
    """Two learning rates; in each experiment FedSM twice and FedAvg, two seeds: 6 runs of 4 rounds."""
    body = {
        "name": "How far " * 9,
        "config": CONFIG | {"seeds": [0, 1], "strategies": [{"name": "fedsm", "selector": LDA}, {"name": "fedavg"}]},
        "axes": [
            {"path": "fedsm.lambda", "values": [0.5, 0.7]},
            {"path": "schedule.learning_rate", "values": [0.001, 0.003]},
        ],
    }
    plan = backend.post(f"/federations/{federation['id']}/experiments/sweep", body)
    assert (plan["num_runs"], plan["num_rounds"]) == (12, 48)
    first, second = plan["experiments"]
    assert first["methods"] == ["FedSM (lambda 0.5)", "FedSM (lambda 0.7)", "FedAvg"]
    assert first["name"].endswith(" (schedule.learning_rate 0.001)")
    assert len(first["name"]) <= 80
    assert (first["num_runs"], first["problems"]) == (6, [])
    assert backend.get(f"/federations/{federation['id']}/experiments") == []
    created = backend.post(
        f"/federations/{federation['id']}/experiments", {"name": second["name"], "config": second["config"]}
    )
    assert len(created["runs"]) == 6


def test_a_plan_says_what_the_federation_refuses(backend: LiveBackend, federation: dict[str, Any]) -> None:
    path = f"/federations/{federation['id']}/experiments/sweep"
    axes = [{"path": "schedule.participation", "values": [1, 0.1]}]
    body = {"name": "Few", "config": CONFIG | {"strategies": [{"name": "fedavg"}], "minimum_sites": 2}, "axes": axes}
    problems = [each["problems"] for each in backend.post(path, body)["experiments"]]
    assert problems[0] == []
    assert problems[1][0]["field"] == "minimum_sites"
    axes[0]["path"] = "schedule.lerning_rate"
    answer = backend.admin.post(f"/api/v1{path}", json=body | {"axes": axes})
    assert answer.status_code == 422
    assert answer.json()["fields"][0]["field"] == "axes.0.path"
    assert "schedule.learning_rate" in answer.json()["fields"][0]["remedy"]


LDA = {"name": "lda", "minimum_cases": 2}
