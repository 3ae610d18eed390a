"""The search of settings: equal budgets, choices by validation alone, and recipes that are experiment files."""

import json
from pathlib import Path
from typing import Any

import pytest

from backend.experiments.files import read_file
from benchmarks import tune
from benchmarks.method_sites import synthetic
from benchmarks.methods import Method

RECIPES = Path(__file__).parents[2] / "recipes"


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*/*.yaml")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_recipe_is_what_its_search_chose(path: Path) -> None:
    search = json.loads((path.parent / "search.json").read_text())
    chosen = search["runs"][search[f"chosen/{path.stem}"]]
    file = read_file(path.read_text()).file
    assert file is not None
    (strategy,) = file.config.strategies
    found = strategy.model_dump(by_alias=True, mode="json")
    for key, value in chosen["strategy"].items():
        assert (found[key] | value if isinstance(value, dict) else value) == found[key]
    for key, value in chosen["settings"].get("schedule", {}).items():
        assert getattr(file.config.schedule, key) == value
    of_method = [row for key, row in search["runs"].items() if key.startswith(f"search/{path.stem}/")]
    assert len(of_method) == search["budget"]["candidates_a_method"]
    assert chosen["validation"] == max(row["validation"] for row in of_method)


@pytest.mark.parametrize("search", sorted(RECIPES.glob("*/search.json")), ids=lambda path: path.parent.name)
def test_every_searched_method_has_a_recipe_and_the_page_has_its_checks(search: Path) -> None:
    content = json.loads(search.read_text())
    names = [name for name in tune.METHODS if f"chosen/{name}" in content]
    assert {path.stem for path in search.parent.glob("*.yaml")} == set(names)
    seeds = {key.rsplit("/", 1)[1] for key in content["runs"] if key.startswith("check/")}
    page = (RECIPES / "README.md").read_text()
    assert [line for line in tune.table(content, names, len(seeds)) if line not in page] == []


def of(name: str, num: int, seed: int = 100) -> list[Method]:
    return list(tune.candidates(tune.METHODS[name], num, 4e-3, seed))


@pytest.mark.parametrize("name", tune.METHODS)
def test_every_method_has_as_many_candidates_and_begins_with_its_defaults(name: str) -> None:
    first, *others = of(name, 5)
    assert (first.strategy, first.settings) == (tune.METHODS[name].strategy, {})
    assert len(others) == 4
    for method in others:
        assert 1e-3 <= method.settings["schedule"]["learning_rate"] <= 1.6e-2
        assert set(method.strategy) == set(tune.METHODS[name].strategy) | set(tune.METHODS[name].ranges)
    assert of(name, 5) == of(name, 5)
    assert of(name, 3) == of(name, 5)[:3]
    assert of(name, 5)[1:] != of(name, 5, seed=101)[1:]


def record(tmp_path: Path, results: dict[str, dict[str, Any]]) -> tune.Record:
    """Whose runs end with these results, by the candidate's label."""
    return tune.Record(
        tmp_path / "search.json", lambda method, _: {"best_round": 2, "seconds": 1.0, **results[method.label]}
    )


def test_validation_chooses_and_the_test_is_not_kept_of_the_search(tmp_path: Path) -> None:
    """The second has the better test; the third the same validation as the first, which is taken."""
    scores = {
        "defaults": {"validation": 0.8, "dice": 0.7},
        "draw 1": {"validation": 0.7, "dice": 0.9},
        "draw 2": {"validation": 0.8, "dice": 0.6},
    }
    found = record(tmp_path, scores)
    for method in of("fedavg", 3):
        found.run(f"search/fedavg/{method.label}", method, 100)
    assert found.choose("fedavg").settings == {}
    assert all("test_dice" not in row for row in found.content["runs"].values())
    again = record(tmp_path, scores)
    assert again.content == found.content


def test_another_budget_is_refused(tmp_path: Path) -> None:
    found = record(tmp_path, {})
    found.keep_budget({"candidates_a_method": 4})
    found.keep_budget({"candidates_a_method": 4})
    with pytest.raises(SystemExit, match="choose another --out"):
        found.keep_budget({"candidates_a_method": 8})


def test_chosen_defaults_are_not_trained_twice(tmp_path: Path) -> None:
    found = record(tmp_path, {"defaults": {"validation": 0.8, "dice": 0.7}})
    (defaults,) = of("fedavg", 1)
    found.run("check/fedavg/defaults/0", defaults, 0)
    found.run("check/fedavg/chosen/0", Method("chosen", defaults.strategy, {}), 0, same_as="check/fedavg/defaults/0")
    runs = found.content["runs"]
    assert runs["check/fedavg/chosen/0"] == runs["check/fedavg/defaults/0"]


def test_a_recipe_reads_back_as_the_chosen_settings(tmp_path: Path) -> None:
    chosen = Method("chosen", {"name": "fedprox", "mu": 0.02}, {"schedule": {"learning_rate": 0.002}})
    tune.write_recipe(tmp_path / "fedprox.yaml", synthetic(16), chosen, "python -m benchmarks.tune")
    file = read_file((tmp_path / "fedprox.yaml").read_text()).file
    assert file is not None
    assert (file.config.schedule.learning_rate, file.config.schedule.local_epochs) == (0.002, 2)
    assert file.config.network.channels == (8, 16, 32, 64)  # type: ignore[union-attr]
    assert [getattr(strategy, "mu", None) for strategy in file.config.strategies] == [0.02]
