"""Experiment files over REST: what is written reads back as the same, and what is wrong is named with its line."""

import time
from typing import Any

import pytest

from tests.backend.conftest import FEDSM, make_experiment
from tests.backend.live_backend import LiveBackend


def read(backend: LiveBackend, text: str) -> dict[str, Any]:
    answer: dict[str, Any] = backend.post("/experiment-files/read", {"text": text})
    return answer


def test_an_experiment_reads_back_as_itself(backend: LiveBackend, federation: dict[str, Any]) -> None:
    config = {"schedule": {"rounds": 3}, "network": {"name": "segresnet"}, "strategies": [FEDSM, {"name": "fedavg"}]}
    experiment = make_experiment(backend, federation, **config, seeds=[0, 4])
    answer = backend.admin.get(f"/api/v1/experiments/{experiment['id']}/file.yaml")
    assert answer.headers["content-disposition"] == 'attachment; filename="try.yaml"'
    assert f"# Of experiment {experiment['id']}" in answer.text
    again = read(backend, answer.text)
    assert again["problems"] == []
    assert again["file"]["config"] == experiment["config"]
    assert (again["file"]["name"], again["file"]["federation"]) == ("Try", "Eyes")


def test_a_draft_is_written_without_creating_anything(backend: LiveBackend, federation: dict[str, Any]) -> None:
    body = {"name": "Später", "description": "Why: not yet", "config": {"strategies": [{"name": "fedavg"}]}}
    answer = backend.admin.post(f"/api/v1/federations/{federation['id']}/experiment-files/write", json=body)
    file = read(backend, answer.text)["file"]
    assert (file["name"], file["description"]) == ("Später", "Why: not yet")
    assert file["config"]["strategies"][0]["name"] == "fedavg"
    assert backend.get(f"/federations/{federation['id']}/experiments") == []


def test_every_problem_names_line_field_and_value(backend: LiveBackend) -> None:
    schedule = "  schedule:\n    rounds: 0\n    epochz: 3\n"
    strategies = "  strategies:\n    - {name: fedavg}\n    - {name: fedsm, lambda: 7}\n"
    text = f"name: A\nconfig:\n{schedule}{strategies}"
    problems = {entry["field"]: entry for entry in read(backend, text)["problems"]}
    assert set(problems) == {"config.schedule.rounds", "config.schedule.epochz", "config.strategies.1.lambda"}
    assert problems["config.schedule.rounds"]["line"] == 4
    assert problems["config.schedule.rounds"]["value"] == "0"
    assert problems["config.schedule.rounds"]["remedy"] == "give a value at least 1"
    assert problems["config.schedule.epochz"]["remedy"] == "remove it or correct its name"
    assert problems["config.strategies.1.lambda"]["line"] == 8


def test_an_unknown_method_is_one_problem_with_what_there_is(backend: LiveBackend) -> None:
    text = "name: A\nconfig:\n  strategies:\n    - {name: fedmagic}\n"
    (problem,) = read(backend, text)["problems"]
    assert (problem["field"], problem["line"]) == ("config.strategies.0", 4)
    assert problem["message"] == "'fedmagic' is not known here"
    assert "'fedsm'" in problem["remedy"]
    (empty,) = read(backend, "name: A\nconfig: {strategies: []}\n")["problems"]
    assert (empty["field"], empty["line"]) == ("config.strategies", 2)


@pytest.mark.parametrize(
    ("text", "field", "line", "message"),
    [
        ("name: [", "file", 1, "is not valid YAML"),
        ("- a\n- b\n", "file", None, "holds no fields"),
        ("", "file", None, "holds no fields"),
        ("config: {strategies: [{name: fedavg}]}\n", "name", None, "is required"),
        ("name: A\nconfig: &c {}\nother: *c\n", "file", 3, "repeats a value"),
        ("name: !!python/object:os.system {}\n", "file", 1, "is not valid YAML"),
        ("x" * 200_001, "file", None, "is too long"),
        ("name: A\nconfig: " + "[" * 5000 + "]" * 5000, "file", 2, "more than 20 levels"),
        ("name: A\nconfig: {strategies: [{name: fedavg}]}\nname: B\n", "name", 3, "given twice, first in line 1"),
        (
            "name: A\nconfig:\n  schedule:\n    rounds: 3\n    rounds: 30\n  strategies: [{name: fedavg}]\n",
            "config.schedule.rounds",
            5,
            "given twice",
        ),
        (f"name: A\nconfig: {{seeds: [{'9' * 9000}]}}\n", "file", None, "cannot be read"),
        ("name: 2001-99-99\nconfig: {strategies: [{name: fedavg}]}\n", "file", None, "cannot be read"),
        ("name: A\x00\n", "file", None, "is not valid YAML"),
    ],
)
def test_what_is_no_experiment_is_refused(
    backend: LiveBackend, text: str, field: str, line: int | None, message: str
) -> None:
    (problem,) = read(backend, text)["problems"]
    assert (problem["field"], problem["line"]) == (field, line)
    assert message in problem["message"]
    assert problem["remedy"]


#: 180 kB.
MANY_VALUES = "name: [" + "a," * 90_000 + "a]"


def test_a_file_of_a_hundred_thousand_values_is_refused(backend: LiveBackend) -> None:
    (problem,) = read(backend, MANY_VALUES)["problems"]
    assert problem["message"] == "holds more than 10000 values"


@pytest.mark.speed
def test_refusing_a_hundred_thousand_values_takes_no_time(backend: LiveBackend) -> None:
    """Three passes over them took six seconds and more."""
    started = time.process_time()
    read(backend, MANY_VALUES)
    assert time.process_time() - started < 2
