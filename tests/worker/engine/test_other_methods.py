"""FedProx, server optimizers, Ditto and MR-MTL: hand-worked numbers, and what they are at the ends of their range."""

import math

import pytest
import torch

from tests.worker.engine.small_sites import small_plan, small_sites
from worker.engine.checkpoint import sha256_of
from worker.engine.federation import run_rounds
from worker.engine.plan import Plan
from worker.engine.robust_aggregation import Mean
from worker.engine.state import GLOBAL, State, personalized
from worker.engine.strategies.base import SiteUpdate, Strategy
from worker.engine.strategies.ditto import Ditto
from worker.engine.strategies.fedavg import FedAvg
from worker.engine.strategies.fedopt import SERVER, FedOpt
from worker.engine.strategies.fedprox import FedProx
from worker.engine.strategies.local_only import LocalOnly
from worker.engine.strategies.mr_mtl import MrMtl

PLAN = small_plan()


def final_state(strategy: Strategy, plan: Plan = PLAN) -> State:
    return list(run_rounds(strategy, small_sites(plan.sites), plan))[-1].state


def distance(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    return math.sqrt(sum(float(((one[key] - other[key]) ** 2).sum()) for key in one))


def test_fedprox_with_mu_0_is_fedavg_to_the_bit() -> None:
    assert sha256_of(final_state(FedProx(0.0, Mean()))[GLOBAL]) == sha256_of(final_state(FedAvg(Mean()))[GLOBAL])


def test_fedprox_holds_sites_near_the_global_model() -> None:
    """With the same start, the larger mu, the shorter the way from the initial model in one round."""
    plan = small_plan(rounds=1, local_epochs=8)
    start = FedAvg(Mean()).initial_state(plan)[GLOBAL]
    ways = [distance(final_state(FedProx(mu, Mean()), plan)[GLOBAL], start) for mu in (0.0, 1.0, 100.0)]
    assert ways[0] > ways[1] > ways[2] > 0


def test_ditto_with_lambda_0_is_fedavg_and_local_only_to_the_bit() -> None:
    state, alone = final_state(Ditto(0.0)), final_state(LocalOnly(0.0))
    assert sha256_of(state[GLOBAL]) == sha256_of(final_state(FedAvg(Mean()))[GLOBAL])
    for site in PLAN.sites:
        assert sha256_of(state[personalized(site)]) == sha256_of(alone[personalized(site)])


def test_mr_mtl_with_lambda_0_is_local_only_and_its_global_part_the_plain_mean() -> None:
    state, alone = final_state(MrMtl(0.0)), final_state(LocalOnly(0.0))
    for site in PLAN.sites:
        assert sha256_of(state[personalized(site)]) == sha256_of(alone[personalized(site)])
    key = next(iter(state[GLOBAL]))
    mean = sum(alone[personalized(site)][key] for site in PLAN.sites) / 3
    torch.testing.assert_close(state[GLOBAL][key], mean)


@pytest.mark.parametrize("make", [Ditto, MrMtl])
def test_a_stronger_pull_keeps_personalized_models_nearer_to_the_shared_one_received(make: type) -> None:
    """In the first round that is the initial model."""
    plan = small_plan(rounds=1, local_epochs=8)
    gaps = []
    for lambda_ in (0.0, 1.0, 100.0):
        strategy = make(lambda_)
        start, state = strategy.initial_state(plan)[GLOBAL], final_state(strategy, plan)
        gaps.append(sum(distance(state[personalized(site)], start) for site in plan.sites))
    assert gaps[0] > gaps[1] > gaps[2] > 0


def aggregate_numbers(strategy: FedOpt, rounds: list[float]) -> tuple[list[float], State]:
    """One weight that starts at 0; in each round the average of the sites is the weight plus the number given."""
    strategy_state: State = {GLOBAL: {"w": torch.zeros(1)}, SERVER: {"m.w": torch.zeros(1, dtype=torch.float64)}}
    if strategy.rule != "momentum":
        strategy_state[SERVER]["v.w"] = torch.full((1,), strategy.tau**2, dtype=torch.float64)
    weights = []
    for delta in rounds:
        model = {"w": strategy_state[GLOBAL]["w"] + delta}
        update = SiteUpdate({GLOBAL: model}, num_cases=1, num_steps=1, local_state={}, metrics=())
        strategy_state = strategy.aggregate(strategy_state, {"a": update}, PLAN, 1)
        weights.append(strategy_state[GLOBAL]["w"].item())
    return weights, strategy_state


def test_fedavgm() -> None:
    """beta 0.5, eta 1. m: 1, then 0.5 * 1 + 1 = 1.5. w: 1, then 1 + 1.5 = 2.5."""
    weights, _ = aggregate_numbers(FedOpt("momentum", 1.0, 0.5, 0, 0, Mean()), [1.0, 1.0])
    assert weights == pytest.approx([1.0, 2.5])


def test_fedavgm_without_momentum_is_fedavg() -> None:
    plain, momentum = (
        final_state(FedAvg(Mean()))[GLOBAL],
        final_state(FedOpt("momentum", 1.0, 0.0, 0, 0, Mean()))[GLOBAL],
    )
    for key in plain:
        torch.testing.assert_close(momentum[key], plain[key], rtol=1e-6, atol=1e-8)


def test_fedadam() -> None:
    """eta 0.1, beta_1 0.5, beta_2 0.75, tau 0.1, delta 2: m = 0.5 * 2 = 1; v = 0.75 * 0.01 + 0.25 * 4 = 1.0075;
    w = 0.1 * 1 / (sqrt(1.0075) + 0.1)."""
    weights, state = aggregate_numbers(FedOpt("adam", 0.1, 0.5, 0.75, 0.1, Mean()), [2.0])
    assert state[SERVER]["v.w"].item() == pytest.approx(1.0075)
    assert weights == pytest.approx([0.1 / (math.sqrt(1.0075) + 0.1)])


def test_fedyogi() -> None:
    """v = 0.01 - 0.25 * 4 * sign(0.01 - 4) = 1.01; delta 0.5: v = 1.01 - 0.25 * 0.25 * sign(1.01 - 0.25) = 0.9475."""
    _, state = aggregate_numbers(FedOpt("yogi", 0.1, 0.5, 0.75, 0.1, Mean()), [2.0, 0.5])
    assert state[SERVER]["v.w"].item() == pytest.approx(0.9475)


def test_fedadagrad() -> None:
    """v = 0.01 + 4 + 0.25 = 4.26; beta_1 = 0, so m is the last delta 0.5."""
    weights, state = aggregate_numbers(FedOpt("adagrad", 0.1, 0.0, 0, 0.1, Mean()), [2.0, 0.5])
    assert state[SERVER]["v.w"].item() == pytest.approx(4.26)
    assert weights[1] - weights[0] == pytest.approx(0.1 * 0.5 / (math.sqrt(4.26) + 0.1), rel=1e-5)


@pytest.mark.parametrize(
    "strategy",
    [
        FedProx(0.1, Mean()),
        Ditto(1.0),
        MrMtl(0.1),
        FedOpt("adam", 0.01, 0.9, 0.99, 1e-3, Mean()),
        FedOpt("yogi", 0.01, 0.9, 0.99, 1e-3, Mean()),
    ],
    ids=["fedprox", "ditto", "mr-mtl", "fedadam", "fedyogi"],
)
def test_same_seed_same_bits(strategy: Strategy) -> None:
    first, second = final_state(strategy), final_state(strategy)
    assert {name: sha256_of(part) for name, part in first.items()} == {n: sha256_of(p) for n, p in second.items()}


def test_no_site_receives_the_servers_optimizer() -> None:
    strategy = FedOpt("adam", 0.01, 0.9, 0.99, 1e-3, Mean())
    assert strategy.downloads(strategy.initial_state(PLAN).keys(), "a") == (GLOBAL,)
