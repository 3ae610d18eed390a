"""The threshold that validation cases choose: by hand, federated as pooled, and through a run."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from backend.contracts.thresholds import CHOICES, best_threshold
from tests.worker.engine.method_runs import DATA, adam_plan, hashes
from worker.engine.data import SiteData
from worker.engine.federation import run_rounds
from worker.engine.metrics import case_dice, mean_over_structures
from worker.engine.routing.base import COUNT, REPORTED, check_reports, learned_from, report_of
from worker.engine.routing.threshold import DICE, DICE_AT_GAMMA, GAMMA, SQUARES, ThresholdFromValidation
from worker.engine.selectors.lda import LdaSelector
from worker.engine.state import GLOBAL, personalized
from worker.engine.strategies.fedsm import FedSM
from worker.engine.super_model import predict_cases

PLAN = adam_plan(sites=("a", "b"))
RULE = ThresholdFromValidation(0.9, CHOICES, best_threshold, 1)
LDA = LdaSelector(0.1, 2, "descriptors", 10.0)
OWN, OTHER = personalized("a"), personalized("b")


def sums(*pairs: tuple[float, float]) -> dict[float, float]:
    """1 on these ranges of thresholds, ends included, and 0 elsewhere."""
    return {gamma: float(any(low <= gamma <= high for low, high in pairs)) for gamma in CHOICES}


def test_the_middle_of_the_longest_run_of_equals_is_taken() -> None:
    assert best_threshold(sums((0.2, 0.4))) == 0.3
    assert best_threshold(sums((0.2, 0.3), (0.5, 0.9))) == 0.7
    assert best_threshold(sums((0.1, 0.2), (0.5, 0.6))) == 0.15  # of two equal runs the first
    assert best_threshold(sums((0.5, 0.51))) == 0.5  # of two middles the lower
    assert best_threshold(sums()) == 0.5
    assert best_threshold(sums() | {1.0: 1e-12}) == 0.5  # the order of a sum decides nothing


def test_the_sums_by_hand() -> None:
    """Case 0 (p = 0.75, own 0.8, global 0.6), case 1 (p = 0.55, own 0.1, global 0.5), case 2 has no score. Up to 0.54
    both use a personalized model: 0.9; from 0.55 case 1 uses the global one: 1.3; from 0.75 both do: 1.1, as at 0.9.
    From that the cases differ by 0.2 and -0.4, by 0.2 and 0, and not at all. So the best mean difference is 0.1, as is
    its standard error: gamma stays."""
    probabilities = torch.tensor([[0.75, 0.25], [0.45, 0.55], [1.0, 0.0]], dtype=torch.float64)
    dice = [{GLOBAL: 0.6, OWN: 0.8}, {GLOBAL: 0.5, OTHER: 0.1}, {GLOBAL: None, OWN: None}]
    report = RULE.report(probabilities, [], dice, PLAN)
    assert report[COUNT].item() == 2
    expected = [0.9 if gamma < 0.55 else 1.3 if gamma < 0.75 else 1.1 for gamma in CHOICES]
    assert report[DICE].tolist() == pytest.approx(expected)
    assert report[DICE_AT_GAMMA].item() == pytest.approx(1.1)
    squares = [0.2 if gamma < 0.55 else 0.04 if gamma < 0.75 else 0.0 for gamma in CHOICES]
    assert report[SQUARES].tolist() == pytest.approx(squares)
    assert RULE.solve([report], PLAN)[GAMMA].item() == 0.9
    # A second site alike: the error of four cases is 0.1 / sqrt(3).
    assert RULE.solve([report, report], PLAN)[GAMMA].item() == 0.64  # the lower middle of 0.55 to 0.74
    of_version_before = {key: report[key] for key in (DICE, COUNT)}
    RULE.check("a", of_version_before, PLAN)
    assert RULE.solve([of_version_before, report], PLAN)[GAMMA].item() == 0.64
    assert RULE.report(probabilities[2:], [], dice[2:], PLAN) == {}


def test_a_site_with_few_scored_cases_sends_no_sums_and_those_of_too_few_are_refused() -> None:
    """Of one case the sums are its scores under two models."""
    rule = replace(RULE, minimum_cases=2)
    probabilities = torch.tensor([[0.75, 0.25], [0.45, 0.55]], dtype=torch.float64)
    dice = [{GLOBAL: 0.6, OWN: 0.8}, {GLOBAL: 0.5, OTHER: 0.1}]
    assert rule.report(probabilities[:1], [], dice[:1], PLAN) == {}
    assert rule.report(probabilities, [], [dice[0], {GLOBAL: None, OTHER: None}], PLAN) == {}
    rule.check("a", rule.report(probabilities, [], dice, PLAN), PLAN)
    with pytest.raises(ValueError, match="sums are of 1 validation cases, and 2 are needed"):
        rule.check("a", RULE.report(probabilities[:1], [], dice[:1], PLAN), PLAN)


def test_the_federated_choice_is_the_pooled_one_in_any_order() -> None:
    draws = torch.Generator().manual_seed(0)
    for _ in range(20):
        first = torch.rand(30, 1, generator=draws, dtype=torch.float64)
        probabilities = torch.cat([first, 1 - first], dim=1)
        scores = torch.rand(30, 2, generator=draws, dtype=torch.float64).tolist()
        dice = [
            {GLOBAL: shared, OWN if p >= 0.5 else OTHER: own}
            for (shared, own), p in zip(scores, first[:, 0].tolist(), strict=True)
        ]
        pooled = RULE.solve([RULE.report(probabilities, [], dice, PLAN)], PLAN)
        parts = [
            RULE.report(probabilities[low:high], [], dice[low:high], PLAN) for low, high in ((0, 7), (7, 20), (20, 30))
        ]
        assert RULE.solve(parts, PLAN)[GAMMA].item() == pooled[GAMMA].item()
        assert RULE.solve(parts[::-1], PLAN)[GAMMA].item() == pooled[GAMMA].item()


def test_a_run_chooses_the_threshold_of_the_round_before_and_never_sees_a_test_case() -> None:
    plan = adam_plan(rounds=3)
    strategy = FedSM(0.7, 0.9, LDA, 0.0, "hard", RULE)
    records = list(run_rounds(strategy, DATA, plan))
    assert [records[0].state[RULE.part][GAMMA].item(), records[1].state[RULE.part][GAMMA].item()] == [0.9, 0.9]
    for before, record in pairwise(records[1:]):
        reports = []
        for site, data in DATA.items():
            routes = strategy.routes(before.state.__getitem__, data.val, plan)
            rows = torch.tensor([list(route.probabilities.values()) for route in routes], dtype=torch.float64)
            wanted = [RULE.scored_parts(row, plan.sites) for row in rows.tolist()]
            masks = predict_cases(before.state.__getitem__, data.val, wanted, plan)
            dice = [
                {
                    part: mean_over_structures(case_dice(plan.structures, mask, case.reference_original))
                    for part, mask in by_part.items()
                }
                for case, by_part in zip(data.val, masks, strict=True)
            ]
            reports.append(RULE.report(rows, data.val, dice, plan))
            assert torch.equal(record.state[report_of(site)][DICE], reports[-1][DICE])
        assert record.state[RULE.part][GAMMA].item() == RULE.solve(reports, plan)[GAMMA].item()
        said = {m.value for of_site in record.metrics.values() for m in of_site if m.name == "gamma"}
        assert said == {record.state[RULE.part][GAMMA].item()}
    without_tests = {site: SiteData(site, data.train, data.val, ()) for site, data in DATA.items()}
    assert [hashes(r.state) for r in run_rounds(strategy, without_tests, plan)] == [hashes(r.state) for r in records]


def test_the_segmentation_models_are_those_of_a_fixed_threshold_to_the_bit() -> None:
    fixed, chosen = (
        hashes(list(run_rounds(FedSM(0.7, 0.9, LDA, 0.0, "hard", rule), DATA, adam_plan()))[-1].state)
        for rule in (None, RULE)
    )
    assert {name: chosen[name] for name in fixed} == fixed
    assert chosen.keys() - fixed.keys() == {RULE.part, *map(report_of, DATA)}


def test_a_validation_case_is_judged_at_the_threshold_that_all_others_choose() -> None:
    """Alone at the site a case cannot move the threshold: without it gamma stays, and with it 0.5 would be best."""
    others = {"p": [0.6, 0.6, 0.6], "shared": [0.5, 0.5, 0.5], "own": [0.5, 0.5, 0.5]}

    def sums_of(p: list[float], shared: list[float], own: list[float]) -> dict[str, torch.Tensor]:
        rows = torch.tensor([[value, 1 - value] for value in p], dtype=torch.float64)
        return RULE.sums(rows, [], [{GLOBAL: s, OWN: o} for s, o in zip(shared, own, strict=True)], PLAN)

    before = {report_of("a"): sums_of([0.6], [0.2], [0.9]), report_of("b"): sums_of(**others)}
    learned = learned_from(RULE, before, PLAN)
    assert learned[REPORTED].tolist() == [1, 1]
    row, dice = torch.tensor([[0.6, 0.4]], dtype=torch.float64), [{GLOBAL: 0.2, OWN: 0.9}]
    case = [DATA["a"].val[0]]
    assert RULE.choose_without_own(learned, before[report_of("a")], row, case, dice, PLAN) == [GLOBAL]
    pooled = RULE.solve([sums_of([0.6] * 3, [0.2] * 3, [0.9, 0.8, 0.9])], PLAN)
    assert RULE.choose(pooled, row, case, PLAN) == [OWN]


def test_an_absent_sites_last_sums_still_count() -> None:
    plan = adam_plan(rounds=4, participation=0.67)
    states = [record.state for record in run_rounds(FedSM(0.7, 0.9, LDA, 0.0, "hard", RULE), DATA, plan)]
    for before, after in pairwise(states):
        assert {name for name in before if name.startswith("selector_report")} <= after.keys()
    assert set(map(report_of, DATA)) <= states[-1].keys()


def test_sums_of_another_site_or_shape_are_refused_by_name() -> None:
    plan = adam_plan()
    good = {DICE: torch.zeros(101, dtype=torch.float64), COUNT: torch.ones(1, dtype=torch.float64)}
    with pytest.raises(ValueError, match=r"site a: selector_report/b is not expected"):
        check_reports(RULE, "a", {report_of("b"): good}, plan)
    with pytest.raises(ValueError, match="dice_of_threshold"):
        check_reports(RULE, "a", {report_of("a"): good | {DICE: torch.zeros(5)}}, plan)
    with pytest.raises(ValueError, match="NaN"):
        check_reports(RULE, "a", {report_of("a"): good | {DICE: torch.full((101,), float("nan"))}}, plan)
    with pytest.raises(ValueError, match="is not expected"):
        check_reports(None, "a", {report_of("a"): good}, plan)
