"""Temperatures and calibration errors, federated: exactly what pooled held-out cases would give."""

import math

import pytest
import torch

from tests.worker.engine.small_sites import small_plan, small_sites
from tests.worker.engine.test_lda import FEATURES, SHRINKAGE, first_state, run_round
from worker.engine.selectors.calibration import (
    BINS,
    LOG_DISTANCES,
    LOSSES,
    TEMPERATURES,
    USUAL_DISTANCE,
    calibrate,
    held_out_quality,
    held_out_report,
)
from worker.engine.selectors.features import FeatureSet, features_of
from worker.engine.selectors.lda import LdaSelector
from worker.engine.state import GLOBAL


def logits(*rows: tuple[float, float]) -> torch.Tensor:
    return torch.tensor(rows, dtype=torch.float64)


def distances(*squares: float) -> torch.Tensor:
    return torch.tensor(squares, dtype=torch.float64)


def test_a_report_by_hand() -> None:
    """At temperature 1: logits (log 3, 0) are 3/4 and 1/4, in bin 7 and right for site 0; (0, log 4) is 4/5, in bin 8
    (0.8 rounds to just above it) and wrong: -log(3/4) - log(1/5)."""
    report = held_out_report(logits((math.log(3), 0), (0, math.log(4.2))), distances(1, 4), 0)
    assert report[LOSSES][0].item() == pytest.approx(-math.log(3 / 4) - math.log(1 / 5.2))
    assert report[BINS][0, 7].tolist() == pytest.approx([1, 0.75, 1])
    assert report[BINS][0, 8].tolist() == pytest.approx([1, 4.2 / 5.2, 0])
    assert report[LOG_DISTANCES].item() == pytest.approx(math.log(4))
    assert report[BINS][0].sum(dim=0).tolist() == pytest.approx([2, 0.75 + 4.2 / 5.2, 1])


def test_quality_by_hand() -> None:
    """Ten cases at 0.9 of which six are right: the temperature softens 0.9 towards 0.6, log-odds 2.197 to 0.405. Six
    squared distances of 1 and four of 32 = 2^5 have the geometric mean 2^(20 / 10) = 4."""
    odds = math.log(9)
    right = held_out_report(logits(*[(odds, 0.0)] * 6), distances(*[1] * 6), 0)
    wrong = held_out_report(logits(*[(odds, 0.0)] * 4), distances(*[32] * 4), 1)
    found = calibrate([right, wrong])
    temperature = found["temperature"].item()
    assert found[USUAL_DISTANCE].item() == pytest.approx(4)
    assert temperature == min(TEMPERATURES.tolist(), key=lambda t: abs(math.log(t * math.log(1.5) / odds)))
    quality = held_out_quality(found)
    assert quality is not None
    largest = 1 / (1 + math.exp(-odds / temperature))
    assert quality.num_cases == 10
    assert quality.accuracy == pytest.approx(0.6)
    assert quality.ece == pytest.approx(abs(largest - 0.6))
    assert quality.nll == pytest.approx(-0.6 * math.log(largest) - 0.4 * math.log(1 - largest))


def test_reports_of_sites_add_up_to_the_report_of_all() -> None:
    rows = torch.randn(12, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    squares = rows[:, 0] ** 2
    whole = held_out_report(rows, squares, 1)
    halves = [held_out_report(rows[:5], squares[:5], 1), held_out_report(rows[5:], squares[5:], 1)]
    for key, tensor in calibrate([whole]).items():
        torch.testing.assert_close(calibrate(halves)[key], tensor)


def test_nothing_is_known_without_held_out_cases() -> None:
    assert calibrate([]) == {}
    selector, plan, sites = LdaSelector(SHRINKAGE, 2, "descriptors", math.inf), small_plan(), small_sites()
    state = run_round(selector, first_state(plan), sites, ("a", "b", "c"), plan)
    assert state["selector"]["temperature"].tolist() == [1]
    assert held_out_quality(state["selector"]) is None


@pytest.mark.parametrize("features", FEATURES)
def test_the_temperature_is_the_one_with_the_least_held_out_loss_of_all_sites(features: FeatureSet) -> None:
    """Of the classifier and encoder that the sites received, on all sites' validation cases in one place."""
    selector, plan, sites = LdaSelector(SHRINKAGE, 2, features, math.inf), small_plan(), small_sites()
    start = first_state(plan)
    first = run_round(selector, start, sites, ("a", "b", "c"), plan)
    second = run_round(selector, first, sites, ("a", "b", "c"), plan)
    cases = tuple(case for site in sites.values() for case in site.val)
    of_site = torch.tensor([i for i, site in enumerate(sites.values()) for _ in site.val])
    rows = features_of(features, cases, plan, start[GLOBAL]) @ first["selector"]["weight"].T
    log_p = torch.log_softmax((rows + first["selector"]["bias"])[None] / TEMPERATURES[:, None, None], dim=2)
    losses = -log_p[:, torch.arange(len(cases)), of_site].sum(dim=1)
    assert second["selector"]["temperature"].item() == TEMPERATURES[losses.argmin()].item()
    quality = held_out_quality(second["selector"])
    assert quality is not None
    assert quality.num_cases == len(cases)
    assert quality.nll == pytest.approx(losses.min().item() / len(cases), rel=1e-5, abs=1e-9)


def test_a_site_that_the_classifier_does_not_know_yet_does_not_spoil_the_temperature() -> None:
    """Its log-loss would be that of probability 0."""
    selector, plan, sites = LdaSelector(SHRINKAGE, 2, "descriptors", math.inf), small_plan(), small_sites()
    first = run_round(selector, first_state(plan), sites, ("a", "b"), plan)
    second = run_round(selector, first, sites, ("a", "b", "c"), plan)
    quality = held_out_quality(second["selector"])
    assert quality is not None
    assert quality.num_cases == 4
    assert quality.nll < 1
