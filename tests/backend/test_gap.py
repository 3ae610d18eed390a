"""The gap to centralized training, taken apart over HTTP from played scores."""

import csv
import io
import random
import time
from typing import Any

import numpy as np
import pytest
from pypdf import PdfReader

from backend.contracts.thresholds import ThresholdPoint, best_of_points
from backend.evaluations.hierarchical import interval_over_seeds_and_cases, words_of_seeds
from backend.evaluations.statistics import bootstrap_mean
from tests.backend.conftest import FEDSM, make_experiment
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker

CENTRALIZED = {"name": "centralized"}
EQUAL = {"name": "centralized", "steps": "equal"}
DITTO = {"name": "ditto"}
FEDAVG = {"name": "fedavg"}
NUM_CASES = 4


@pytest.fixture
def four_cases(backend: LiveBackend, worker: PlayedWorker) -> dict[str, Any]:
    """Two sites with four test cases each: case-3 to case-6."""
    worker.num_test_cases = NUM_CASES
    federation: dict[str, Any] = backend.post(
        "/federations", {"name": "Eyes", "task": {"structures": [{"name": "disc", "label_values": [1]}]}}
    )
    for name in "ab":
        site = backend.post(f"/federations/{federation['id']}/sites", {"name": name})
        backend.post(f"/sites/{site['id']}/datasets", {"name": "Fundus", "folder": f"/data/{name}"})
    worker.work_until_idle()
    return federation


def finish(backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any], **config: Any) -> str:
    experiment = make_experiment(backend, federation, **config)
    backend.post(f"/experiments/{experiment['id']}/start")
    worker.work_until_idle()
    assert backend.get(f"/experiments/{experiment['id']}")["status"] == "completed"
    return str(experiment["id"])


def played_dice(payload: dict[str, Any], case: str, model: str) -> float:
    """Centralized 0.90, with equal steps 0.88; FedSM's global 0.80, own 0.86, another site's 0.70. In the last round
    everything is 0.02 worse. Case 6 is best served by the other site's model, with 0.96."""
    strategy = payload["run"]["strategy"]
    if strategy["name"] == "centralized":
        return 0.90 if strategy["steps"] == "full" else 0.88
    if model == "global":
        value = 0.80
    elif model == f"personalized/{payload['participant']}":
        value = 0.86
    else:
        value = 0.96 if case == "case-6" else 0.70
    return value - (0.02 if payload["round"] == 2 else 0)


def probabilities(payload: dict[str, Any], case: str) -> dict[str, float]:
    """Of case 3 the wrong site, surely; of case 4 the right one, at 0.8; of the others the right one, surely."""
    site = payload["participant"]
    other = "b" if site == "a" else "a"
    match case:
        case "case-3":
            return {site: 0.05, other: 0.95}
        case "case-4":
            return {site: 0.8, other: 0.2}
        case _:
            return {site: 0.95, other: 0.05}


def test_every_term_of_fedsm_by_hand(backend: LiveBackend, worker: PlayedWorker, four_cases: dict[str, Any]) -> None:
    """At gamma 0.9 the super model scores (0.70 + 0.80 + 0.86 + 0.86) / 4 = 0.805; at 0.7, which validation finds best,
    (0.70 + 0.86 + 0.86 + 0.86) / 4 = 0.82. The bound is (0.86 + 0.86 + 0.86 + 0.96) / 4 = 0.885."""
    worker.test_dice, worker.probabilities = played_dice, probabilities
    worker.dice = lambda _site, number: 0.6 if number == 1 else 0.5
    worker.thresholds = lambda _payload: {0.5: 0.7, 0.7: 0.9, 0.9: 0.8}
    experiment = finish(backend, worker, four_cases, strategies=[FEDSM, CENTRALIZED, EQUAL], seeds=[0, 1])
    gap = backend.get(f"/experiments/{experiment}/gap")
    assert [level["key"] for level in gap["levels"]] == [
        "centralized",
        "equal",
        "global",
        "known",
        "tuned",
        "ran",
        "last",
    ]
    assert gap["columns"][0]["means"] == pytest.approx([0.90, 0.88, 0.80, 0.86, 0.82, 0.805, 0.785])
    assert [term["keys"] for term in gap["terms"]] == [
        ["optimization"],
        ["drift"],
        ["personalization"],
        ["routing"],
        ["threshold"],
    ]
    for place in range(3):
        losses = [term["values"][place]["loss"] for term in gap["terms"]]
        assert losses == pytest.approx([0.02, 0.08, -0.06, 0.04, 0.015])
        column = gap["columns"][place]
        assert column["total"]["loss"] == pytest.approx(0.095)
        assert (column["bound"], column["room"]["loss"]) == (pytest.approx(0.885), pytest.approx(0.08))
    assert [column["num_cases"] for column in gap["columns"]] == [8, 4, 4]
    assert gap["checkpoint"]["values"][0]["loss"] == pytest.approx(0.02)
    assert gap["terms"][2]["values"][0]["text"] == "\N{MINUS SIGN}0.060"
    assert (gap["seeds"], gap["missing"], gap["notes"]) == ([0, 1], [], [])
    assert gap["words_of_seeds"].startswith("2 seeds: intervals are over seeds and test cases")
    routing = gap["terms"][3]["values"][0]
    assert routing["low"] < routing["loss"] < routing["high"]
    optimization = gap["terms"][0]["values"][0]
    assert (optimization["low"], optimization["high"]) == (pytest.approx(0.02), pytest.approx(0.02)), "all cases alike"
    distance = backend.get(f"/experiments/{experiment}/gap", metric="hd95")
    assert distance["terms"][2]["values"][0]["loss"] == pytest.approx(-0.6), "lower is better: still won back"
    lines = list(csv.DictReader(io.StringIO(text_of(backend, f"/experiments/{experiment}/gap.csv"))))
    (drift,) = [line for line in lines if line["key"] == "drift" and line["site_slug"] == "a"]
    assert float(drift["loss"]) == pytest.approx(0.08)
    assert drift["note"].startswith("The policy of a states no number of cases so small")
    assert {line["note"] for line in lines if not line["site_slug"]} == {""}
    made = backend.post(f"/experiments/{experiment}/reports", {})
    report = backend.admin.get(made["pdf_path"].removesuffix("/pdf")).json()["report"]["gap"]
    texts = {row["label"]: row["texts"][0] for row in report["rows"] if row["kind"] != "level"}
    assert texts["Drift"] == "+0.080"
    assert (texts["Gap"], texts["Room below the bound"]) == ("+0.095", "+0.080")
    pages = PdfReader(io.BytesIO(backend.admin.get(made["pdf_path"]).content)).pages
    pdf = "\n".join(page.extract_text() for page in pages)
    assert "Where the score is lost against centralized training" in pdf
    assert "+0.095" in pdf
    latex = text_of(backend, f"/experiments/{experiment}/gap.tex")
    assert r"\quad Drift & $+0.080$ [+0.080, +0.080]" in latex
    assert latex.count("&") == 3 * latex.count(r" \\")
    assert latex.index("Optimization") < latex.index("Drift") < latex.index("Personalization") < latex.index("Gap &")


def text_of(backend: LiveBackend, path: str) -> str:
    response = backend.admin.get(f"/api/v1{path}")
    assert response.status_code == 200
    return response.text


SETS = {
    "all": ([FEDSM, CENTRALIZED, EQUAL], None, []),
    "no equal run": ([FEDSM, CENTRALIZED], None, ["optimization", "drift"]),
    "no full run": ([FEDSM, EQUAL], None, ["optimization"]),
    "no centralized run": ([FEDSM], None, ["optimization", "drift"]),
    "one global model": ([FEDAVG, CENTRALIZED, EQUAL], "FedAvg", []),
    "merged by a method without a selector": ([FEDAVG, CENTRALIZED], "FedAvg", ["optimization", "drift"]),
}


@pytest.mark.parametrize("name", SETS)
def test_the_terms_add_up_to_the_gap_whatever_is_missing(
    backend: LiveBackend, worker: PlayedWorker, four_cases: dict[str, Any], name: str
) -> None:
    """Of random scores. A term that cannot be told alone is merged with its neighbour, and its remedy is named."""
    strategies, method, missing = SETS[name]
    draws = random.Random(name)
    worker.test_dice = lambda _payload, _case, _model: draws.uniform(0.3, 0.9)
    worker.probabilities = lambda _payload, _case: {"a": (p := draws.random()), "b": 1 - p}
    worker.thresholds = lambda _payload: {0.3: 0.7, 0.6: 0.8, 0.9: 0.75}
    experiment = finish(backend, worker, four_cases, strategies=strategies, seeds=[0, 1, 2])
    gap = backend.get(f"/experiments/{experiment}/gap", **({"method": method} if method else {}))
    assert [term["key"] for term in gap["missing"]] == missing
    assert all(term["remedy"].startswith("add Centralized") for term in gap["missing"])
    keys = [key for term in gap["terms"] for key in term["keys"]]
    assert len(keys) == len(set(keys)), "no term is counted twice"
    for place, column in enumerate(gap["columns"]):
        total = sum(term["values"][place]["loss"] for term in gap["terms"])
        assert total == pytest.approx(column["total"]["loss"], abs=1e-12)
        ran = [level["key"] for level in gap["levels"]].index("ran")
        assert column["means"][0] - total == pytest.approx(column["means"][ran], abs=1e-12)


def test_a_threshold_that_nobody_validated_is_said_to_be_missing(
    backend: LiveBackend, worker: PlayedWorker, four_cases: dict[str, Any]
) -> None:
    experiment = finish(backend, worker, four_cases, strategies=[FEDSM, CENTRALIZED, EQUAL])
    gap = backend.get(f"/experiments/{experiment}/gap")
    assert gap["terms"][-1]["keys"] == ["routing", "threshold"]
    assert gap["terms"][-1]["label"] == "Routing and threshold"
    assert [term["key"] for term in gap["missing"]] == ["routing", "threshold"]
    assert "no threshold was scored on validation cases" in gap["missing"][0]["reason"]
    assert gap["words_of_seeds"].startswith("One seed")
    assert gap["columns"][0]["num_left_out"] == 0


def test_seeds_that_only_one_method_has_are_left_out(
    backend: LiveBackend, worker: PlayedWorker, four_cases: dict[str, Any]
) -> None:
    """Nothing before a result; an unknown method is refused with those there are."""
    draft = make_experiment(backend, four_cases, strategies=[FEDAVG])["id"]
    assert backend.admin.get(f"/api/v1/experiments/{draft}/gap").status_code == 404
    experiment = finish(backend, worker, four_cases, strategies=[DITTO, CENTRALIZED])
    refused = backend.admin.get(f"/api/v1/experiments/{experiment}/gap", params={"method": "Centralized"})
    assert refused.status_code == 422
    assert "choose among Ditto" in refused.text


def points(values: dict[float, float], num_cases: int = 1) -> list[ThresholdPoint]:
    return [ThresholdPoint(gamma=gamma, dice=dice, num_cases=num_cases) for gamma, dice in values.items()]


def test_the_best_threshold_is_weighted_by_cases_and_chosen_as_validation_chooses() -> None:
    """(0.5 + 3 * 0.7) / 4 = 0.65 against (0.9 + 3 * 0.5) / 4 = 0.6. Of equally good ones the middle of the longest run,
    as a run with `threshold: validation` takes it, which chooses in steps of 0.01."""
    one, three = points({0.2: 0.9, 0.5: 0.5}), points({0.2: 0.5, 0.5: 0.7}, num_cases=3)
    assert best_of_points([*one, *three]) == 0.5
    assert best_of_points(points({0.1: 0.8, 0.2: 0.7, 0.4: 0.8, 0.6: 0.8, 0.95: 0.8, 0.999: 0.9})) == 0.6
    assert best_of_points([]) is None


def test_one_seed_is_the_interval_over_cases() -> None:
    values = [0.1, 0.4, 0.2, 0.9, 0.3]
    assert interval_over_seeds_and_cases([{0: value} for value in values]) == bootstrap_mean(values)
    assert interval_over_seeds_and_cases([{0: 0.1, 1: 0.2}]) is None


@pytest.mark.parametrize("num_cases", [40, 600])
def test_seeds_and_cases_are_drawn_apart(num_cases: int) -> None:
    """Against numpy: seeds shift all cases alike, so that the interval is as wide as the seeds are apart."""
    generator = np.random.default_rng(0)
    scores = generator.normal(0, 0.1, (num_cases, 1)) + np.array([[-0.05, 0.0, 0.06]]) + 0.02
    scores = scores + generator.normal(0, 0.02, scores.shape)
    cases = [dict(enumerate(map(float, row))) for row in scores]
    seeds, rows = (generator.integers(0, n, (20_000, n)) for n in (3, num_cases))
    by_case = np.stack([scores[:, drawn].mean(axis=1) for drawn in seeds[:4000]])
    means = np.array([by_case[i, rows[i]].mean() for i in range(4000)])
    found = interval_over_seeds_and_cases(cases)
    assert found is not None
    low, high = np.quantile(means, [0.025, 0.975])
    assert (found.low, found.high) == (pytest.approx(low, abs=0.006), pytest.approx(high, abs=0.006))
    over_cases = bootstrap_mean([float(row.mean()) for row in scores])
    assert over_cases is not None
    assert found.high - found.low > 1.3 * (over_cases.high - over_cases.low)


def test_of_twice_the_cases_an_interval_over_seeds_takes_no_more_than_twice_the_time() -> None:
    """Also of so many that they are not drawn one by one: a deviation anew for each resample took twelve times."""

    def cpu_seconds(num_cases: int, seed: int) -> float:
        generator = np.random.default_rng(seed)
        cases = [dict(enumerate(map(float, row))) for row in generator.normal(0, 1, (num_cases, 3))]
        begun = time.process_time()
        interval_over_seeds_and_cases(cases)
        return time.process_time() - begun

    cpu_seconds(400, 1)  # the samples of a size are drawn once
    assert cpu_seconds(800, 2) < 2 * cpu_seconds(400, 2)


def test_a_case_without_a_drawn_seed_is_left_out_of_that_resample() -> None:
    cases = [{0: 0.5, 1: 0.5}, {0: 0.5}, {1: 0.5, 2: 0.5}]
    found = interval_over_seeds_and_cases(cases)
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(0.5), pytest.approx(0.5))


def test_what_a_number_of_seeds_allows_one_to_say() -> None:
    assert words_of_seeds(1).startswith("One seed")
    assert "by about 18%" in words_of_seeds(3)
    assert "not a small one" in words_of_seeds(4)
    assert "not a small one" not in words_of_seeds(5)
