"""The gap's benchmark: options computed from a training are those of the engine, and tables are what was kept."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from backend.contracts.thresholds import CHOICES, best_threshold
from benchmarks.gap import first_steps, found_in, result_key, rows
from benchmarks.gap_fedsm import AUTO, HARD, QUALITY_D, QUALITY_P, before_pull, scores_of_fedsm
from benchmarks.gap_scores import (
    BEST_THRESHOLD,
    BOUND,
    EMA,
    GLOBAL_ONLY,
    KNOWN,
    MEAN,
    OUTSIDE,
    OUTSIDE_GLOBAL,
    PLAIN,
    scores_of_iop_fl,
    scores_of_method,
    with_rate,
)
from benchmarks.gap_tables import EQUAL, helps, tables
from benchmarks.gap_workloads import workload
from benchmarks.method_sites import held_out, synthetic
from benchmarks.methods import Method, case_scores
from tests.worker.engine.method_runs import DATA, adam_plan
from worker.engine.beyond_paper import PAPER
from worker.engine.federation import run_rounds
from worker.engine.late_average import LateAverage
from worker.engine.robust_aggregation import Mean
from worker.engine.routed_weights import TestTimeRouting
from worker.engine.routing.quality import ExpectedQuality
from worker.engine.routing.threshold import ThresholdFromValidation
from worker.engine.selectors.lda import LdaSelector
from worker.engine.state import personalized
from worker.engine.strategies.cyclic import CyclicWeightTransfer
from worker.engine.strategies.fedavg import FedAvg
from worker.engine.strategies.fedsm import FedSM
from worker.engine.strategies.iopfl import IOPFL
from worker.engine.strategies.local_only import LocalOnly
from worker.in_process.best_round import best_round

LDA = LdaSelector(0.1, 2, "descriptors", 10.0)
FEDSM = FedSM(0.7, 0.9, LDA, 0.0, "hard")
PLAN = adam_plan(rounds=3)
#: The page that has the tables of each file of kept results.
PAGES = {"gap.json": "gap-measured.md", "gap-long.json": "gap-long.md", "gap-vessels.json": "gap-vessels.md"}
ALL: dict[str, Any] = {"server_momentum": 0.5, "momentum_models": "all"}
OPTIONS: dict[str, FedSM] = {
    HARD: FEDSM,
    AUTO: replace(FEDSM, rule=ThresholdFromValidation(0.9, CHOICES, best_threshold, 1)),
    QUALITY_P: replace(FEDSM, rule=ExpectedQuality("probabilities", 0.1, 1, 0.9)),
    QUALITY_D: replace(FEDSM, rule=ExpectedQuality("descriptors", 0.1, 1, 0.9)),
    "soft": replace(FEDSM, routing="soft"),
}


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    """As workers and benchmarks compute."""
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return scores_of_fedsm(FEDSM, list(run_rounds(FEDSM, DATA, PLAN)), DATA, DATA["a"].test[:1], PLAN)


@pytest.mark.parametrize("option", [HARD, AUTO, QUALITY_P, QUALITY_D, "soft"])
def test_an_option_of_one_training_is_the_run_with_that_option(found: dict[str, Any], option: str) -> None:
    strategy = OPTIONS[option]
    records = list(run_rounds(strategy, DATA, PLAN))
    best = best_round({record.round: record.metrics for record in records}, "super")
    test = [s.chosen for data in DATA.values() for s in case_scores(strategy, records[best.round].state, data, PLAN)]
    assert found[option]["best_round"] == best.round
    assert found[option]["validation"] == pytest.approx(best.dice)
    assert found[option]["test"] == pytest.approx(test, abs=1e-5)


def test_an_average_is_one_more_candidate_as_in_a_run_that_averages() -> None:
    strategy = FedAvg(Mean())
    plan = adam_plan(rounds=4)
    kept = scores_of_method(strategy, list(run_rounds(strategy, DATA, plan)), DATA, (), plan)[MEAN]
    records = list(run_rounds(strategy, DATA, replace(plan, late_average=LateAverage("mean", 2, 0.0))))
    best = best_round({record.round: record.metrics for record in records}, "global")
    assert (kept["best_round"], kept["validation"]) == (best.round, pytest.approx(best.dice))


@pytest.mark.parametrize("momentum", [{}, ALL, ALL | {"momentum_warmup": 3.0}])
def test_the_last_pull_is_undone(momentum: dict[str, Any]) -> None:
    """A run that leaves out the last pull has the models that the sites trained, and the same ones before it."""
    plan = adam_plan(rounds=2)
    strategy = replace(FEDSM, beyond=replace(PAPER, **momentum))
    without = replace(strategy, beyond=replace(strategy.beyond, rounds_without_pull=1))
    first, pulled = (record.state for record in list(run_rounds(strategy, DATA, plan))[1:])
    kept_apart = list(run_rounds(without, DATA, plan))[-1].state
    (undone,) = before_pull(strategy, first, pulled, plan).values()
    for name in map(personalized, DATA):
        for key, tensor in undone[name].items():
            torch.testing.assert_close(tensor, kept_apart[name][key], atol=1e-5, rtol=1e-5)


def test_levels_bound_one_another(found: dict[str, Any]) -> None:
    row = found[HARD]
    assert all(
        bound >= score
        for name in ("test", KNOWN, GLOBAL_ONLY, BEST_THRESHOLD)
        for bound, score in zip(row[BOUND], row[name], strict=True)
    )
    assert len(row["outside"]) == len(row["outside, global"]) == 1


def test_iop_fls_rates_are_chosen_between_on_validation_and_scored_outside_the_federation() -> None:
    """Without a step the network is the plain mean of the models, which the authors' rate hardly leaves."""
    plan, strategy = adam_plan(rounds=1), IOPFL(0.1, TestTimeRouting(2, 1e-3))
    records = list(run_rounds(strategy, DATA, plan))
    found = scores_of_iop_fl(strategy, records, DATA, DATA["a"].test[:1], plan)
    assert list(found) == ["test-time rate 0.001", "test-time rate 0", "test-time rate 0.01", "test-time rate 0.1"]
    mean = with_rate(strategy, 0.0)
    expected = [score.chosen for data in DATA.values() for score in case_scores(mean, records[1].state, data, plan)]
    assert found["test-time rate 0"]["test"] == pytest.approx(expected, abs=1e-5)
    assert found["test-time rate 0.001"]["test"] == pytest.approx(expected, abs=0.02)
    assert len(found["test-time rate 0"]["outside"]) == 1


def kept(validation: float, *test: float) -> dict[str, Any]:
    names = ("test", KNOWN, GLOBAL_ONLY, BEST_THRESHOLD, BOUND)
    option = {"best_round": 1, "validation": validation, **{name: list(test) for name in names}}
    return {"steps": 8.0, "megabytes": 0.4, "options": {HARD: option, AUTO: option | {"validation": validation + 0.1}}}


def test_validation_decides_and_the_terms_add_up() -> None:
    """FedSM 0.6 and 0.8, centralized 0.9 and 1.0 at 30 steps and 0.7 and 0.8 at 8."""
    plain = {"best_round": 1, "validation": 0.9, KNOWN: [0.9, 1.0]}
    results = {
        ("FedSM", 0): kept(0.5, 0.6, 0.8),
        ("Centralized", 0): {"steps": 30.0, "megabytes": 0.2, "options": {"": plain | {"test": [0.9, 1.0]}}},
        ("Centralized, equal steps", 0): {
            "steps": 8.0,
            "megabytes": 0.2,
            "options": {"": plain | {"test": [0.7, 0.8]}},
        },
    }
    text = "\n".join(tables("sites", 3, results))
    assert "| FedSM | threshold from validation | 1 | +0.1000 | yes | 0.7000 | +0.0000 |" in text
    (terms,) = [line for line in text.splitlines() if line.startswith("| FedSM | 1 | +")]
    numbers = [float(cell.split()[0]) for cell in terms.split("|")[3:10]]
    assert numbers == pytest.approx([0.2, 0.05, 0, 0, 0, 0.25, 0])
    assert sum(numbers[:5]) == pytest.approx(numbers[5])
    assert "the best of FedSM is *FedSM*, *threshold from validation*: test Dice 0.7000" in text
    assert "| Centralized, equal steps |  | 1 | 0.7500 | -0.0500" in text
    assert "outside the federation" not in text
    more = results | {("FedSM", 1): kept(0.5, 0.6, 0.8), ("FedSM, lambda 0.9", 0): kept(0.9, 0.9, 0.9)}
    assert "the best of FedSM is *FedSM*," in "\n".join(tables("sites", 3, more)), "one seed more decides nothing"


def test_an_option_helps_where_validation_is_higher_in_every_seed() -> None:
    assert [helps(values) for values in ([0.1, 0.2], [0.1, 0.0], [0.0, 0.0], [0.1, -0.1])] == [
        "yes",
        "no",
        "same",
        "no",
    ]


@pytest.mark.parametrize(("kept_in", "page"), PAGES.items())
def test_the_tables_of_a_document_are_those_of_the_results_in_the_repository(kept_in: str, page: str) -> None:
    root = Path(__file__).parents[2]
    results = json.loads((root / "benchmarks/results" / kept_in).read_text())
    document = (root / "docs" / page).read_text()
    labels = [method.label for method in rows(has_outside=False)]
    for name, rounds in {tuple(key.split("/")[:2]) for key in results}:
        found = found_in(results, name, int(rounds), range(3), labels)
        missing = [line for line in tables(name, int(rounds), found) if line.startswith("| ") and line not in document]
        assert missing == []


def test_an_average_that_no_seed_chose_has_no_row_and_one_that_some_chose_is_plain_in_the_others() -> None:
    row, other = kept(0.5, 0.6, 0.8), kept(0.5, 0.6, 0.8)
    plain = row["options"][HARD]
    row["options"] |= {f"{HARD}, {EMA}": plain | {"best_round": 4, "validation": 0.6}}
    text = "\n".join(tables("sites", 3, {("FedSM", 0): row, ("FedSM", 1): other}))
    assert (MEAN in text, f"{HARD}, {EMA} | 2 | +0.1000 +0.0000" in text) == (False, True)


def test_a_site_held_out_trains_nothing_and_all_of_its_cases_are_outside() -> None:
    whole = replace(synthetic(2), load=lambda: DATA)
    first, *others = DATA
    without = held_out(whole, first)
    assert list(without.load()) == others
    assert {case.name for case in without.outside()} == {
        case.name for cases in (DATA[first].train, DATA[first].val, DATA[first].test) for case in cases
    }
    assert (whole.outside(), without.name) == ((), f"{whole.name} without {first}")
    with pytest.raises(ValueError, match="no-site is none of the sites"):
        held_out(whole, "no-site").load()


def test_cases_outside_are_scored_by_a_global_model_where_there_is_one() -> None:
    plan, outside = adam_plan(rounds=1), DATA[next(iter(DATA))].test
    for strategy, has_global in ((FedAvg(Mean()), True), (LocalOnly(0.0), False)):
        records = list(run_rounds(strategy, DATA, plan))
        plain = scores_of_method(strategy, records, DATA, outside, plan)[PLAIN]
        assert (OUTSIDE in plain) == has_global
        if has_global:
            assert plain[OUTSIDE] == plain[OUTSIDE_GLOBAL] == plain["test"][: len(outside)]


def test_only_workloads_with_another_image_size_take_one() -> None:
    assert workload("prostate", 2, None, 32).config.data.image_size == 32
    with pytest.raises(ValueError, match="image size of demo is fixed"):
        workload("demo", 2, None, 32)


def test_outside_the_federation_a_row_stands_against_centralized_training_at_equal_steps() -> None:
    fedsm, equal = kept(0.5, 0.6, 0.8), {"steps": 1.0, "megabytes": 1.0, "options": {}}
    outside = {OUTSIDE: [0.6, 0.7], OUTSIDE_GLOBAL: [0.5, 0.6]}
    fedsm["options"][HARD] |= outside
    equal["options"][PLAIN] = fedsm["options"][HARD] | {OUTSIDE: [0.4, 0.4], OUTSIDE_GLOBAL: [0.4, 0.4]}
    text = "\n".join(tables("sites", 3, {("FedSM", 0): fedsm, (EQUAL, 0): equal}))
    assert "| FedSM | threshold 0.9 | 0.6500 | +0.1000 [+0.1000, +0.1000] | +0.2500 [+0.2000, +0.3000] |" in text


def test_steps_are_of_those_who_train() -> None:
    """Of cyclic weight transfer one site does in a round."""
    records = list(run_rounds(CyclicWeightTransfer(), DATA, adam_plan(rounds=1)))
    trained = [point.value for points in records[1].metrics.values() for point in points if point.name == "steps"]
    assert (len(trained), first_steps(records)) == (1, trained[0])


def test_other_settings_are_another_result() -> None:
    first, second = (Method("FedSM", {"name": "fedsm", "lambda": value}, {}) for value in (0.7, 0.9))
    assert result_key(synthetic(3), 0, first) != result_key(synthetic(3), 0, second)
    assert result_key(synthetic(3), 0, first) == result_key(synthetic(3), 0, first)
