"""Routing by expected quality: the regression by hand and by another solver, federated as pooled, and through a run."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.worker.engine.method_runs import DATA, adam_plan, hashes
from worker.engine.checkpoint import from_bytes, to_bytes
from worker.engine.data import Case
from worker.engine.federation import run_rounds
from worker.engine.plan import Plan
from worker.engine.routing.base import COUNT, learned_from, report_of
from worker.engine.routing.quality import INTERCEPT, WEIGHT, XY, ExpectedQuality, X, Y, models_of
from worker.engine.selectors.lda import LdaSelector
from worker.engine.state import GLOBAL, Tensors, personalized
from worker.engine.strategies.fedsm import FedSM

PLAN = adam_plan(sites=("a", "b"))
RULE = ExpectedQuality("probabilities", 0.5, 2, 0.9)
LDA = LdaSelector(0.1, 2, "descriptors", 10.0)
MODELS = models_of(PLAN.sites)
CASE = DATA["a"].val[0]


def cases(number: int) -> list[Case]:
    return [replace(CASE, case_id=str(index)) for index in range(number)]


def report(probabilities: list[list[float]], dice: list[list[float]], rule: ExpectedQuality = RULE) -> Tensors:
    rows = [dict(zip(MODELS, row, strict=True)) for row in dice]
    return rule.report(torch.tensor(probabilities, dtype=torch.float64), cases(len(rows)), rows, PLAN)


def random_cases(number: int, seed: int) -> tuple[list[list[float]], list[list[float]]]:
    draws = np.random.default_rng(seed)
    first = draws.uniform(size=number)
    return np.stack([first, 1 - first], axis=1).tolist(), draws.uniform(size=(number, 3)).tolist()


def test_the_sums_and_the_regression_by_hand() -> None:
    """x = p of site a: 0 and 1, of b the opposite; z is -1 and 1, and 1 and -1. Site a's model scores 0.2 and 0.8: with
    z_a = -z_b the normal equations (1.5 b_a - b_b = 0.3, and its mirror image) give b_a = 0.3 / 2.5 = 0.12, and b_b =
    -0.12. So the expectation at p = 1 is 0.5 + 0.12 + 0.12 = 0.74. The global model scores 0.6 both times."""
    sums = report([[0, 1], [1, 0]], [[0.6, 0.2, 0.5], [0.6, 0.8, 0.5]])
    assert (sums[COUNT].item(), sums[X].tolist(), sums[Y].tolist()) == (2, [1, 1], pytest.approx([1.2, 1.0, 1.0]))
    assert sums[XY][0].tolist() == pytest.approx([0.6, 0.8, 0.5])
    learned = RULE.solve([sums], PLAN)
    assert learned[INTERCEPT].tolist() == pytest.approx([0.6, 0.5, 0.5])
    assert learned[WEIGHT][:, 1].tolist() == pytest.approx([0.12, -0.12])
    at = torch.tensor([[1.0, 0.0], [0.5, 0.5]], dtype=torch.float64)
    assert RULE.expected(learned, at)[:, 1].tolist() == pytest.approx([0.74, 0.5])
    assert RULE.choose(learned, at, cases(2), PLAN) == [personalized("a"), GLOBAL]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_federated_sums_give_the_pooled_regression_to_1e_9(order: tuple[int, ...]) -> None:
    probabilities, dice = random_cases(60, seed=0)
    bounds = [(0, 7), (7, 31), (31, 60)]
    parts = [report(probabilities[low:high], dice[low:high]) for low, high in (bounds[i] for i in order)]
    federated = RULE.solve(parts, PLAN)
    x, y = np.array(probabilities), np.array(dice)
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    # Ridge as least squares with extra rows, which shares no line with the closed form.
    rows = np.vstack([z / np.sqrt(len(z)), np.sqrt(RULE.ridge) * np.eye(2)])
    pooled = np.linalg.lstsq(rows, np.vstack([(y - y.mean(axis=0)) / np.sqrt(len(z)), np.zeros((2, 3))]), rcond=None)[0]
    np.testing.assert_allclose(federated[WEIGHT].numpy(), pooled, atol=1e-9)
    np.testing.assert_allclose(federated[INTERCEPT].numpy(), y.mean(axis=0), atol=1e-9)


def test_a_part_from_a_file_chooses_the_same() -> None:
    learned = RULE.solve([report(*random_cases(40, seed=1))], PLAN)
    read = from_bytes(to_bytes(learned))
    at = torch.tensor(random_cases(20, seed=2)[0], dtype=torch.float64)
    assert torch.equal(RULE.expected(read, at), RULE.expected(learned, at))


def test_a_validation_case_is_judged_by_the_rule_of_all_others() -> None:
    """As if the case had never been: the other site's sums, and the own ones of the round without its patient."""
    probabilities, dice = random_cases(12, seed=5)
    rule = replace(RULE, ridge=0.01)
    at_a, at_b = cases(6), [replace(case, patient="p" if index < 2 else None) for index, case in enumerate(cases(6))]
    before = [report(probabilities[:6], dice[6:], rule), report(probabilities[6:], dice[:6], rule)]
    learned = learned_from(rule, {report_of(site): sums for site, sums in zip("ab", before, strict=True)}, PLAN)
    rows = torch.tensor(probabilities[6:], dtype=torch.float64)
    scores = [dict(zip(MODELS, row, strict=True)) for row in dice[6:]]
    found = rule.choose_without_own(learned, before[1], rows, at_b, scores, PLAN)
    expected = []
    for index, case in enumerate(at_b):
        rest = [i for i in range(6) if i != index and (case.patient is None or at_b[i].patient is None)]
        own = rule.sums(rows[rest], [at_a[i] for i in rest], [scores[i] for i in rest], PLAN)
        solved = rule.solve([before[0], own], PLAN)
        group = [i for i in range(6) if i not in rest]
        names = rule.choose(solved, rows[group], [at_b[i] for i in group], PLAN)
        expected.append(names[group.index(index)])
    assert found == expected
    assert found != rule.choose(learned, rows, at_b, PLAN)


def test_a_site_that_is_not_in_the_rule_is_judged_by_it() -> None:
    sums = report(*random_cases(6, seed=6))
    learned = learned_from(RULE, {report_of("b"): sums}, PLAN)
    rows = torch.tensor(random_cases(4, seed=7)[0], dtype=torch.float64)
    scores: list[dict[str, float | None]] = [dict.fromkeys(MODELS, 0.5)] * 4
    assert RULE.choose_without_own(learned, {}, rows, cases(4), scores, PLAN) == RULE.choose(
        learned, rows, cases(4), PLAN
    )
    kept_no_total = {key: tensor for key, tensor in learned.items() if not key.startswith(("total_", "reported"))}
    assert RULE.choose_without_own(kept_no_total, sums, rows, cases(4), scores, PLAN) == RULE.choose(
        learned, rows, cases(4), PLAN
    )


def test_strong_shrinkage_gives_every_case_the_model_that_is_best_on_average() -> None:
    probabilities, dice = random_cases(40, seed=3)
    learned = replace(RULE, ridge=1e6).solve([report(probabilities, dice)], PLAN)
    best = MODELS[int(np.array(dice).mean(axis=0).argmax())]
    assert set(RULE.choose(learned, torch.tensor(probabilities, dtype=torch.float64), cases(40), PLAN)) == {best}


def test_the_cases_of_one_patient_have_one_model() -> None:
    learned = RULE.solve([report([[0, 1], [1, 0]], [[0.5, 0.2, 0.8], [0.5, 0.8, 0.2]])], PLAN)
    pair = [replace(CASE, case_id=name, patient="p") for name in "xy"]
    at = torch.tensor([[1.0, 0.0], [0.3, 0.7]], dtype=torch.float64)
    assert RULE.choose(learned, at, pair, PLAN) == [personalized("a")] * 2
    assert RULE.choose(learned, at, cases(2), PLAN) == [personalized("a"), personalized("b")]


def test_a_feature_that_never_varies_says_nothing() -> None:
    learned = RULE.solve([report([[0.5, 0.5]] * 3, [[0.1, 0.2, 0.3]] * 3)], PLAN)
    assert learned[WEIGHT].abs().max() == 0


def test_a_site_with_few_validation_cases_sends_nothing_and_is_refused_if_it_does() -> None:
    assert report([[0, 1]], [[0.5, 0.5, 0.5]]) == {}
    few = report([[0, 1]], [[0.5, 0.5, 0.5]], replace(RULE, minimum_cases=1))
    with pytest.raises(ValueError, match=r"site a: its sums are of 1 validation cases, and 2 are needed"):
        RULE.check("a", few, PLAN)
    good = report(*random_cases(5, seed=4))
    RULE.check("a", good, PLAN)
    with pytest.raises(ValueError, match="xy"):
        RULE.check("a", good | {XY: torch.zeros(2, 2)}, PLAN)


@pytest.mark.parametrize("describes", ["probabilities", "descriptors"])
def test_a_run_routes_by_what_validation_cases_scored(describes: str) -> None:
    rule = ExpectedQuality(describes, 0.1, 2, 0.9)  # type: ignore[arg-type]
    strategy, plan = FedSM(0.7, 0.9, LDA, 0.0, "hard", rule), adam_plan(rounds=3)
    plain = list(run_rounds(replace(strategy, rule=None), DATA, plan))
    records = list(run_rounds(strategy, DATA, plan))
    for before, after in zip(plain, records, strict=True):
        kept = hashes(after.state)
        assert {name: kept[name] for name in before.state} == hashes(before.state)
    state = records[-1].state
    assert state[rule.part][COUNT].item() == sum(len(data.val) for data in DATA.values())
    assert {report_of(site) for site in DATA} <= state.keys()
    for site in DATA.values():
        routes = strategy.routes(state.__getitem__, site.test, plan)
        rows = torch.tensor([list(route.probabilities.values()) for route in routes], dtype=torch.float64)
        assert [r.chosen_model for r in routes] == rule.choose(state[rule.part], rows, site.test, plan)
    assert hashes(list(run_rounds(strategy, DATA, plan))[-1].state) == hashes(state)


def test_the_bytes_of_the_sums_are_few() -> None:
    """33 descriptors and 4 models: 33 * 33 + 33 * 4 + 38 numbers of 8 bytes, and a header."""
    plan: Plan = adam_plan()
    rule = ExpectedQuality("descriptors", 0.1, 2, 0.9)
    rows = [dict.fromkeys(models_of(plan.sites), 0.5)] * 2
    sums = rule.report(torch.full((2, 3), 1 / 3, dtype=torch.float64), DATA["a"].val, rows, plan)
    assert (33 * 33 + 33 * 4 + 38) * 8 < len(to_bytes(sums)) < 11_000
