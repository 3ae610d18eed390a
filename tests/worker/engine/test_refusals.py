"""What the server refuses of a site's update for the selector: by name of site and tensor, and the round goes on."""

import math
from collections.abc import Callable

import pytest
import torch

from tests.worker.engine.small_sites import small_plan, small_sites
from worker.engine.checkpoint import sha256_of
from worker.engine.data import SiteData
from worker.engine.descriptors import describe_image, num_descriptors
from worker.engine.plan import Plan
from worker.engine.selectors.lda import LdaSelector
from worker.engine.selectors.softmax import SoftmaxSelector
from worker.engine.server_step import aggregate_round
from worker.engine.state import GLOBAL, State, personalized
from worker.engine.strategies.base import SiteContext, SiteUpdate
from worker.engine.strategies.fedsm import FedSM

SITES = ("a", "b", "c")
OWN = "selector_moments/b"


def updates_of(strategy: FedSM, state: State, plan: Plan, sites: dict[str, SiteData]) -> dict[str, SiteUpdate]:
    return {
        site: strategy.train_site(
            {name: state[name] for name in strategy.downloads(state.keys(), site)},
            (sites[site],),
            SiteContext(plan, site, 1, None, lambda _: None),
        )
        for site in SITES
    }


def drop(part: str, key: str) -> Callable[[State], object]:
    return lambda parts: parts[part].pop(key)


def put(part: str, key: str, value: torch.Tensor) -> Callable[[State], object]:
    return lambda parts: parts.setdefault(part, {}).__setitem__(key, value)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (drop(OWN, "count"), f"site b: {OWN} lacks tensor count"),
        (drop(GLOBAL, "model.0.conv.unit0.conv.weight"), f"site b: {GLOBAL} lacks tensor model.0.conv.unit0.conv."),
        (put(OWN, "sum", torch.zeros(5)), rf"site b: {OWN} tensor sum has shape \(5,\), expected \(33,\)"),
        (put(OWN, "names", torch.zeros(1)), f"site b: {OWN} has an unexpected tensor names"),
        (put(OWN, "count", torch.tensor([1.0])), "site b has 1 training cases, fewer than selector.minimum_cases 2"),
        (put("selector_moments/a", "count", torch.ones(1)), "site b: selector_moments/a is another site's"),
        (put("selector_calibration/b", "loss_of_temperature", torch.zeros(3)), "lacks tensor bins_of_temperature"),
        (lambda parts: parts.pop(OWN), f"site b: {OWN} is missing"),
        (lambda parts: parts.pop(personalized("b")), "site b: personalized/b lacks tensor"),
    ],
)
def test_an_unsound_update_of_fedsm_is_refused_and_the_round_goes_on(
    spoil: Callable[[State], object], message: str
) -> None:
    strategy, plan, sites = (
        FedSM(0.7, 0.9, LdaSelector(0.1, 2, "descriptors", math.inf), 0.0, "hard"),
        small_plan(),
        small_sites(),
    )
    state = strategy.initial_state(plan)
    updates = updates_of(strategy, state, plan, sites)
    spoil(updates["b"].parts)
    following, refused = aggregate_round(strategy, state, updates, plan, 1)
    assert refused.keys() == {"b"}
    with pytest.raises(ValueError, match=message):
        raise ValueError(refused["b"])
    assert sha256_of(following[personalized("b")]) == sha256_of(state[personalized("b")])
    assert sha256_of(following[GLOBAL]) != sha256_of(state[GLOBAL])
    assert OWN not in following


def test_a_trained_selector_that_does_not_fit_is_refused() -> None:
    strategy, plan, sites = (
        FedSM(0.7, 0.9, SoftmaxSelector("cnn", 1e-3, "reference"), 0.0, "hard"),
        small_plan(),
        small_sites(),
    )
    state = strategy.initial_state(plan)
    updates = updates_of(strategy, state, plan, sites)
    updates["c"].parts["selector"]["weights.head.bias"] = torch.zeros(7)
    _, refused = aggregate_round(strategy, state, updates, plan, 1)
    assert refused == {"c": "site c: selector tensor weights.head.bias has shape (7,), expected (3,)"}


@pytest.mark.parametrize(("num_channels", "expected"), [(1, 20), (3, 33)])
def test_the_number_of_descriptors(num_channels: int, expected: int) -> None:
    """One channel: 5 + 0 + 4 + 6 + 5 = 20. Three: 15 + 3 + 4 + 6 + 5 = 33."""
    image = torch.rand((num_channels, 24, 32), generator=torch.Generator().manual_seed(0)).numpy()
    assert num_descriptors(num_channels, is_volume=False) == len(describe_image(image)) == expected
