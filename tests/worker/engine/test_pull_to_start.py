"""Fine-tuning with a pull: each epoch's model goes back a share of the way to what training began with."""

import torch

from tests.worker.engine.small_sites import small_plan, small_sites
from worker.engine.federation import run_rounds
from worker.engine.state import State, Tensors, personalized
from worker.engine.strategies.base import SiteUpdate
from worker.engine.strategies.local_only import LocalOnly, start_of


def update(value: float) -> SiteUpdate:
    return SiteUpdate({personalized("a"): {"w": torch.tensor([value])}}, 1, 1, {}, ())


def test_two_rounds_by_hand() -> None:
    """From 1 with a pull of 1/4: 5 becomes 3/4 * 5 + 1/4 = 4, and 9 becomes 3/4 * 9 + 1/4 = 7; the start stays 1."""
    plan = small_plan(("a",))
    state: State = {personalized("a"): {"w": torch.tensor([1.0])}}
    for trained, expected in ((5.0, 4.0), (9.0, 7.0)):
        state = LocalOnly(0.25).aggregate(state, {"a": update(trained)}, plan, 1)
        assert state[personalized("a")]["w"].item() == expected
        assert state[start_of("a")]["w"].item() == 1


def test_a_stronger_pull_ends_nearer_to_the_start() -> None:
    plan, sites = small_plan(("a",)), small_sites(("a",))

    def moved(pull: float) -> float:
        rounds = [record.state for record in run_rounds(LocalOnly(pull), sites, plan)]
        first, last = rounds[0][personalized("a")], rounds[-1][personalized("a")]
        return distance(first, last)

    assert 0 < moved(0.9) < moved(0.5) < moved(0.0)


def distance(first: Tensors, last: Tensors) -> float:
    return sum(float((last[key] - first[key]).square().sum()) for key in first)
