"""Sweeps: what a grid makes, and what is refused of it, by hand and over REST."""

from typing import Any

import pytest
from pydantic_core import PydanticCustomError

from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.sweep import SweepAxis, swept
from backend.experiments.sweeps.service import MAX_NAME, names_of
from tests.backend.conftest import FEDSM, start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker

CONFIG: dict[str, Any] = {"strategies": [{"name": "fedsm"}, {"name": "fedavg"}], "schedule": {"rounds": 4}}


#: Settings of FedSM: a grid of 32 values of each is larger than any memory.
MANY = ("lambda", "gamma", "selector__shrinkage", "selector__minimum_cases", "routing", "pull_by_depth")


def points(changes: dict[str, Any] | None = None, **axes: list[Any]) -> Any:
    named = [SweepAxis(path=path.replace("__", "."), values=tuple(values)) for path, values in axes.items()]
    return swept(ExperimentConfig.model_validate(CONFIG | (changes or {})), named)


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
        ({f"fedsm__{name}": list(range(32)) for name in MANY}, "axes", f"make {32**6 + 1} methods"),
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


def test_of_a_method_that_is_there_twice_each_takes_the_values_that_has_the_setting() -> None:
    """Of two selectors, one has shrinkage; both have lambda."""
    twice = {"strategies": [{"name": "fedsm", "selector": {"name": name}} for name in ("lda", "cnn")]}
    (point,) = points(twice, fedsm__selector__shrinkage=[0.1, 0.2], fedsm__lambda=[0.5, 0.7])
    assert [(each.selector.name, each.lambda_) for each in point.config.strategies] == [
        *[("lda", 0.5), ("lda", 0.7)] * 2,
        *[("cnn", 0.5), ("cnn", 0.7)],
    ]


def test_a_version_stands_in_place_of_the_run_and_a_run_of_the_version() -> None:
    """A copy of an experiment names both. Where both are axes, each experiment has both."""
    both = {"start_from": {"run": "r1", "version": "a:1"}}

    def begins(**axes: list[Any]) -> list[tuple[str | None, str | None]]:
        found = [point.config.start_from for point in points(both, **axes)]
        return [(start.run, start.version) for start in found]

    assert begins(start_from__version=["a:1", "b:2"]) == [(None, "a:1"), (None, "b:2")]
    assert begins(start_from__version=[None, "b:2"]) == [("r1", None), (None, "b:2")]
    assert begins(start_from__run=["r2", None]) == [("r2", None), (None, "a:1")]
    assert begins(start_from__run=["r2"], start_from__version=["b:2"]) == [("r2", "b:2")]


def test_experiments_are_numbered_where_what_differs_does_not_fit() -> None:
    short = ["x 1", "x 2"]
    long = [f"schedule.learning_rate 0.00{n}, schedule.batch_size 8, schedule.local_epochs 2" for n in (1, 2)]
    assert names_of("How far", short) == ["How far (x 1)", "How far (x 2)"]
    assert names_of("How far", long) == ["How far (1 of 2)", "How far (2 of 2)"]
    assert names_of("How far", ["x 1", "x 1"]) == ["How far (1 of 2)", "How far (2 of 2)"]
    assert names_of("How far", [long[0] * 2]) == ["How far"]
    assert names_of("How far", [""]) == ["How far"]
    shortened = names_of("A question of many words " * 3, short)
    assert [len(name) for name in shortened] == [MAX_NAME] * 2
    assert [name[-6:] for name in shortened] == [" (x 1)", " (x 2)"]


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


def test_each_experiment_begins_with_the_version_that_its_axis_names(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker, completed_run: str
) -> None:
    other_run = start_run(backend, federation, strategies=[FEDSM | {"lambda": 0.5}])
    worker.work_until_idle()
    for run_id in (completed_run, other_run):
        backend.post(f"/runs/{run_id}/versions", {"name": "fundus", "aliases": ["newest"]})
    path = f"/federations/{federation['id']}/experiments/sweep"
    start = {"version": "fundus:1"}
    axis = {"path": "start_from.version", "values": ["fundus:1", "fundus@newest", "gone:1"]}
    body = {"name": "Start", "config": CONFIG | {"strategies": [FEDSM], "start_from": start}, "axes": [axis]}
    found = backend.post(path, body)["experiments"]
    begun = [(each["config"]["start_from"]["run"], each["config"]["start_from"]["version"]) for each in found]
    assert begun == [(completed_run, "fundus:1"), (other_run, "fundus:2"), (None, "gone:1")]
    assert [[problem["field"] for problem in each["problems"]] for each in found] == [[], [], ["start_from.version"]]
    assert found[2]["problems"][0]["value"] == "gone:1"
    created = {"name": found[1]["name"], "config": found[1]["config"]}
    assert backend.post(f"/federations/{federation['id']}/experiments", created)["config"] == found[1]["config"]

    body["axes"] = [{"path": "start_from.run", "values": [None, "nowhere"]}]
    none, nowhere = backend.post(path, body)["experiments"]
    assert (none["config"]["start_from"]["run"], none["problems"]) == (completed_run, [])
    assert nowhere["problems"][0]["message"] == "is no run here"


LDA = {"name": "lda", "minimum_cases": 2}
