"""Median, trimmed mean, Krum and multi-Krum, worked by hand; a poisoned site; orders; too few sites."""

import pytest
import torch

from tests.worker.engine.method_runs import PLAIN_SGD, SITES, train
from tests.worker.engine.small_sites import small_plan
from worker.engine.robust_aggregation import AggregationRule, Krum, Mean, Median, TrimmedMean, combine
from worker.engine.server_step import aggregate_round
from worker.engine.state import GLOBAL, Tensors
from worker.engine.strategies.base import SiteUpdate
from worker.engine.strategies.fedavg import FedAvg

ROBUST: dict[str, AggregationRule] = {
    "median": Median(),
    "trimmed-mean": TrimmedMean(1),
    "krum": Krum(1, 1),
    "multi-krum": Krum(1, 2),
}
each_rule = pytest.mark.parametrize("rule", ROBUST.values(), ids=ROBUST.keys())


def model(*values: float) -> Tensors:
    return {"w": torch.tensor(values, dtype=torch.float32)}


def combined(rule: AggregationRule, *values: float) -> float:
    """Of models of one weight; unequal numbers of cases, which robust rules do not look at."""
    models = [model(value) for value in values]
    return combine(rule, models, [float(k + 1) for k in range(len(models))])["w"].item()


@pytest.mark.parametrize(
    ("rule", "values", "expected"),
    [
        (Mean(), (0, 3), 2.0),  # weights 1 and 2
        (Median(), (5, 1, 100), 5.0),
        (Median(), (5, 1, 100, 7), 6.0),  # the middle two
        (Median(), (4,), 4.0),
        (TrimmedMean(1), (5, 1, 100, 9), 7.0),
        (TrimmedMean(1), (3, 1, 2), 2.0),
        (TrimmedMean(2), (1, 2, 3, 4, 1000), 3.0),
        # Of five with f = 1, the two nearest count: 0: 1 + 4; 1: 1 + 1; 2: 1 + 4; 7: 25 + 36; 100: far.
        (Krum(1, 1), (0, 1, 2, 7, 100), 1.0),
        (Krum(1, 2), (0, 1, 2, 7, 100), 0.5),  # 0 and 2 tie: the first
        (Krum(1, 3), (0, 1, 2, 7, 100), 1.0),
        (Krum(1, 3), (100, 2, 7, 0, 1), 1.0),
        (Krum(0, 1), (0, 1, 10), 0.0),  # one neighbour: 0 and 1 tie
    ],
)
def test_by_hand(rule: AggregationRule, values: tuple[float, ...], expected: float) -> None:
    assert combined(rule, *values) == pytest.approx(expected)


def test_median_and_trimmed_mean_take_each_coordinate_alone() -> None:
    models = [model(1, 30), model(2, 10), model(3, 20)]
    for rule in (Median(), TrimmedMean(1)):
        assert combine(rule, models, [1, 1, 1])["w"].tolist() == [2, 20]


def test_krum_takes_a_model_as_it_is_and_measures_over_all_tensors() -> None:
    """(0, 0), (1, 9), (1, 0): the last is nearest to the first."""
    models = [{"a": torch.tensor([x]), "b": torch.tensor([[y]])} for x, y in ((0.0, 0.0), (1.0, 9.0), (1.0, 0.0))]
    assert combine(Krum(0, 1), models, [1, 1, 1]) == models[0]


@each_rule
def test_one_poisoned_site_does_not_leave_the_range_of_the_honest(rule: AggregationRule) -> None:
    """A site's weights times a million, of real models: the mean follows it, the robust rules do not."""
    draws = torch.Generator().manual_seed(0)
    honest = [{"w": 1 + 0.1 * torch.randn(50, generator=draws)} for _ in range(5)]
    poisoned = {"w": honest[2]["w"] * 1e6}
    models = [*honest[:2], poisoned, *honest[3:]]
    stacked = torch.stack([m["w"] for k, m in enumerate(models) if k != 2])
    low, high = stacked.min(dim=0).values, stacked.max(dim=0).values
    found = combine(rule, models, [1.0] * 5)["w"]
    assert ((found >= low) & (found <= high)).all()
    assert (combine(Mean(), models, [1.0] * 5)["w"] > 1e5).all()


@each_rule
def test_the_order_of_sites_does_not_matter(rule: AggregationRule) -> None:
    draws = torch.Generator().manual_seed(1)
    models = [{"w": torch.randn(20, generator=draws)} for _ in range(6)]
    expected = combine(rule, models, [1.0] * 6)["w"]
    for order in ((5, 4, 3, 2, 1, 0), (2, 0, 5, 1, 4, 3)):
        torch.testing.assert_close(combine(rule, [models[k] for k in order], [1.0] * 6)["w"], expected)


@each_rule
def test_numbers_of_cases_do_not_matter(rule: AggregationRule) -> None:
    """A site that claims many gains nothing."""
    models = [model(value) for value in (1, 2, 3, 5, 8)]
    claimed = combine(rule, models, [1, 1, 1, 1, 1e9])["w"]
    assert torch.equal(claimed, combine(rule, models, [1.0] * 5)["w"])


@pytest.mark.parametrize(
    ("rule", "num_models", "message"),
    [
        (TrimmedMean(2), 4, "a trimmed mean without 2 values at each end needs the updates of at least 5 sites, this"),
        (Krum(1, 1), 4, "Krum against 1 bad sites needs the updates of at least 5 sites, this round has 4"),
        (Krum(0, 4), 3, "the mean of Krum's best 4 needs the updates of at least 4 sites, this round has 3"),
    ],
)
def test_too_few_sites_are_refused_with_the_remedy(rule: AggregationRule, num_models: int, message: str) -> None:
    with pytest.raises(ValueError, match=f"{message}.*raise minimum_sites.*or choose another aggregation"):
        combine(rule, [model(k) for k in range(num_models)], [1.0] * num_models)


@pytest.mark.parametrize(("rule", "expected"), [(Median(), 4), (TrimmedMean(1), 4), (Krum(1, 2), 4)])
def test_counters_stay_integers_rounded_to_nearest(rule: AggregationRule, expected: int) -> None:
    """Median of 3, 4, 4, 5, 9; mean of 4, 4, 5 = 4.33; Krum's best two, the second and third, hold 4 and 4."""
    values = zip((0.0, 1.0, 1.0, 2.0, 50.0), (3, 4, 4, 5, 9), strict=True)
    models = [{"w": torch.tensor([w]), "n": torch.tensor(n)} for w, n in values]
    found = combine(rule, models, [1.0] * 5)["n"]
    assert (found.item(), found.dtype) == (expected, torch.int64)


def test_krum_does_not_measure_counters() -> None:
    """The first three models are nearly one; a counter of steps that differs makes none of them a stranger."""
    models = [
        {"w": torch.tensor([w]), "n": torch.tensor(n)}
        for w, n in ((0.0, 900), (0.01, 5), (0.02, 300), (9, 300), (9.5, 300))
    ]
    assert combine(Krum(1, 1), models, [1.0] * 5)["w"].item() == pytest.approx(0.01)


def test_fedavg_with_a_median_ignores_a_poisoned_site() -> None:
    plan = small_plan(optimizer=PLAIN_SGD)
    results = {}
    for rule in (Mean(), Median()):
        strategy = FedAvg(rule)
        state = strategy.initial_state(plan)
        updates: dict[str, SiteUpdate] = {site: train(strategy, state, site, plan) for site in SITES}
        for key, tensor in updates["b"].parts[GLOBAL].items():
            updates["b"].parts[GLOBAL][key] = tensor * 1e6
        following, refused = aggregate_round(strategy, state, updates, plan, 1)
        assert refused == {}
        results[type(rule)] = max(float(tensor.abs().max()) for tensor in following[GLOBAL].values())
    assert results[Median] < 1 < 1e3 < results[Mean]
