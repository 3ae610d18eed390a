"""Training that begins with another run's models."""

import pytest
import torch

from tests.worker.engine.small_sites import SGD, small_plan
from worker.engine.networks.settings import UNetSettings
from worker.engine.robust_aggregation import Mean
from worker.engine.selectors.softmax import SoftmaxSelector
from worker.engine.start import started_state
from worker.engine.state import GLOBAL, State, personalized
from worker.engine.strategies.apfl import APFL
from worker.engine.strategies.base import Strategy, initial_weights
from worker.engine.strategies.ditto import Ditto
from worker.engine.strategies.fedavg import FedAvg
from worker.engine.strategies.feddyn import FedDyn
from worker.engine.strategies.fedsm import FedSM
from worker.engine.strategies.local_only import LocalOnly
from worker.engine.strategies.scaffold import Scaffold

SITES = ("a", "b")
PLAN = small_plan(SITES, optimizer=SGD)
OTHER = small_plan(SITES, optimizer=SGD, seed=7)


def weights(seed: int) -> dict[str, torch.Tensor]:
    return initial_weights(small_plan(SITES, optimizer=SGD, seed=seed))


def same(part: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(part[key], expected[key]) for key in expected)


METHODS = (FedAvg(Mean()), Ditto(0.1), LocalOnly(0.0), APFL(0.5, 0.0), Scaffold(1.0), FedDyn(0.1))


@pytest.mark.parametrize("strategy", METHODS, ids=lambda strategy: type(strategy).__name__)
def test_every_model_begins_as_the_global_one(strategy: Strategy) -> None:
    """Copies of the initial weights are copies of the model's; what only trains begins anew."""
    drawn, start = strategy.initial_state(PLAN), weights(7)
    state = started_state(strategy, PLAN, {GLOBAL: start})
    assert state.keys() == drawn.keys()
    for name, part in state.items():
        is_copy = drawn[name].keys() >= start.keys() and same(drawn[name], weights(0))
        assert same(part, start if is_copy else drawn[name]), name
        assert is_copy or not name.startswith((GLOBAL, "personalized/"))


def test_a_site_begins_with_its_own_model_and_another_with_the_global_one() -> None:
    start: State = {GLOBAL: weights(1), personalized("b"): weights(2), personalized("elsewhere"): weights(3)}
    state = started_state(Ditto(0.1), PLAN, start)
    assert set(state) == {GLOBAL, personalized("a"), personalized("b")}
    assert same(state[personalized("a")], weights(1))
    assert same(state[personalized("b")], weights(2))


def test_a_trained_selector_goes_on() -> None:
    strategy = FedSM(0.7, 0.9, SoftmaxSelector("cnn", 1e-3, "reference"), 0.0, "hard")
    start = {**strategy.initial_state(OTHER)}
    state = started_state(strategy, PLAN, start)
    assert same(state["selector"], start["selector"])


def test_what_does_not_fit_is_refused_with_part_and_tensor() -> None:
    good = weights(1)
    key = next(iter(good))
    for bad, words in (
        ({name: tensor for name, tensor in good.items() if name != key}, f"global has no tensor {key}"),
        (good | {"extra": torch.zeros(1)}, "has the tensor extra, which the network has not"),
        (good | {key: torch.zeros(3)}, r"the shape is \[3\], and the network's is"),
        (good | {key: good[key].double()}, "the type is torch.float64, and the network's is torch.float32"),
        (good | {key: torch.full_like(good[key], torch.nan)}, "holds NaN or infinity"),
    ):
        with pytest.raises(ValueError, match=words):
            started_state(FedAvg(Mean()), PLAN, {GLOBAL: bad})
    wider = small_plan(SITES, network=UNetSettings((8, 16), 1, "instance"))
    with pytest.raises(ValueError, match=r"personalized/a, tensor .*: the shape is"):
        started_state(Ditto(0.1), wider, {personalized("a"): good})
