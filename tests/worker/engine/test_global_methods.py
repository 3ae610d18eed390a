"""SCAFFOLD, FedNova and FedDyn: hand-worked numbers, gradients by plain autograd, and their identities with FedAvg."""

from dataclasses import replace

import pytest
import torch

from tests.worker.engine.method_runs import (
    BATCH_NORM,
    DATA,
    PLAIN_SGD,
    SITES,
    assert_close,
    batches_of,
    gradient_at,
    hashes,
    noise_like,
    number,
    sgd_plan,
    states_of,
    train,
    update_of,
)
from worker.engine.checkpoint import sha256_of
from worker.engine.plan_network import parameter_keys
from worker.engine.robust_aggregation import Mean
from worker.engine.server_step import aggregate_round
from worker.engine.state import GLOBAL, State, Tensors
from worker.engine.strategies.base import Strategy
from worker.engine.strategies.fedavg import FedAvg
from worker.engine.strategies.feddyn import DYNAMIC, FedDyn, dynamic_of
from worker.engine.strategies.fednova import FedNova, accumulated_gradients
from worker.engine.strategies.fedopt import FedOpt
from worker.engine.strategies.scaffold import CONTROL, Scaffold, control_of

PLAN = sgd_plan()
METHODS = {"scaffold": Scaffold(1.0), "fednova": FedNova(), "feddyn": FedDyn(0.1)}
each_method = pytest.mark.parametrize("strategy", METHODS.values(), ids=METHODS.keys())
#: Curvatures and optima of F_k(w) = a_k / 2 (w - b_k)^2. The sum's minimum is (1 * 4 + 3 * -2) / 4 = -0.5.
CURVATURES, OPTIMA, MINIMUM = (1.0, 3.0), (4.0, -2.0), -0.5


# SCAFFOLD


def test_scaffold_corrects_every_gradient_and_its_new_control_is_their_mean() -> None:
    """Two steps: y <- y - 0.05 (g + c - c_k), and option II's c_k is then (g_1 + g_2) / 2."""
    plan = sgd_plan(local_steps=2)
    strategy = Scaffold(1.0)
    state = strategy.initial_state(plan)
    server, own = (noise_like(state[GLOBAL], state[CONTROL], seed, 0.05) for seed in (1, 2))
    update = train(strategy, state | {CONTROL: server, control_of("a"): own}, "a", plan)
    y = dict(state[GLOBAL])
    gradients = []
    for batch in batches_of("a", plan, "global"):
        gradients.append(gradient_at(y, batch, plan))
        y |= {key: y[key] - 0.05 * (g + server[key] - own[key]) for key, g in gradients[-1].items()}
    assert len(gradients) == update.num_steps == 2
    assert_close(update.parts[GLOBAL], y)
    mean = {key: (gradients[0][key] + gradients[1][key]) / 2 for key in own}
    assert_close(update.parts[control_of("a")], mean, atol=1e-5)


def test_scaffolds_server_by_hand() -> None:
    """x = 1; a and b send 2 and 4, c is absent. Mean 3, eta_g 0.5: 1 + 0.5 * (3 - 1) = 2. a's control rises from 0.5 to
    1.5, b's from 0 to 2: c = 0.25 + (1 + 2) / 3 = 1.25. Numbers of cases do not matter."""
    zero = number(0.0)
    controls = {control_of("a"): number(0.5), control_of("b"): zero, control_of("c"): number(7.0)}
    state: State = {GLOBAL: number(1.0), CONTROL: number(0.25), **controls}
    updates = {
        "a": update_of({GLOBAL: number(2.0), control_of("a"): number(1.5)}, num_cases=1),
        "b": update_of({GLOBAL: number(4.0), control_of("b"): number(2.0)}, num_cases=99),
    }
    following = Scaffold(0.5).aggregate(state, updates, PLAN, 1)
    assert following[GLOBAL]["w"].item() == pytest.approx(2.0)
    assert following[CONTROL]["w"].item() == pytest.approx(1.25)
    found = {site: following[control_of(site)]["w"].item() for site in SITES}
    assert found == pytest.approx({"a": 1.5, "b": 2.0, "c": 7.0})


def test_scaffolds_controls_sum_to_the_servers() -> None:
    for state in states_of(Scaffold(1.0), sgd_plan(rounds=3))[1:]:
        mean = {key: sum(state[control_of(site)][key] for site in SITES) / 3 for key in state[CONTROL]}
        assert_close(state[CONTROL], mean)  # type: ignore[arg-type]
        assert any(tensor.any() for tensor in state[CONTROL].values())


def test_scaffolds_first_round_is_that_of_fedavg_with_equal_weights() -> None:
    """All controls are 0: to the bit. Then the two part."""
    plan = sgd_plan(weighting="uniform")
    scaffold, fedavg = states_of(Scaffold(1.0), plan), states_of(FedAvg(Mean()), plan)
    assert sha256_of(scaffold[1][GLOBAL]) == sha256_of(fedavg[1][GLOBAL])
    assert sha256_of(scaffold[2][GLOBAL]) != sha256_of(fedavg[2][GLOBAL])


def test_scaffold_of_one_site_is_fedavg() -> None:
    """c = c_k; only their rounding differs."""
    plan = sgd_plan(sites=("a",), rounds=3)
    assert_close(states_of(Scaffold(1.0), plan)[-1][GLOBAL], states_of(FedAvg(Mean()), plan)[-1][GLOBAL])


def test_scaffold_reaches_the_common_minimum_where_fedavg_drifts() -> None:
    """Five steps of 0.1 at each site, on two parabolas of one weight."""
    scaffold, fedavg = Scaffold(1.0), FedAvg(Mean())
    plan = sgd_plan(sites=("a", "b"))
    corrected: State = {GLOBAL: number(0.0), CONTROL: number(0.0)}
    corrected |= {control_of(site): number(0.0) for site in plan.sites}
    plain: State = {GLOBAL: number(0.0)}
    for _ in range(200):
        updates, drifting = {}, {}
        for site, a, b in zip(plan.sites, CURVATURES, OPTIMA, strict=True):
            x, c, own = (corrected[name]["w"].item() for name in (GLOBAL, CONTROL, control_of(site)))
            y, z = x, plain[GLOBAL]["w"].item()
            for _step in range(5):
                y -= 0.1 * (a * (y - b) + c - own)
                z -= 0.1 * a * (z - b)
            updates[site] = update_of({GLOBAL: number(y), control_of(site): number(own - c + (x - y) / 0.5)})
            drifting[site] = update_of({GLOBAL: number(z)})
        corrected = scaffold.aggregate(corrected, updates, plan, 1)
        plain = fedavg.aggregate(plain, drifting, plan, 1)
    assert corrected[GLOBAL]["w"].item() == pytest.approx(MINIMUM, abs=1e-4)
    assert abs(plain[GLOBAL]["w"].item() - MINIMUM) > 0.1


# FedNova


@pytest.mark.parametrize(
    ("num_steps", "momentum", "expected"),
    [(5, 0.0, 5.0), (1, 0.5, 1.0), (2, 0.5, 2.5), (3, 0.5, 4.25)],  # 1, 1 + 1.5, 1 + 1.5 + 1.75
)
def test_accumulated_gradients(num_steps: int, momentum: float, expected: float) -> None:
    """As far as torch's SGD goes by a constant gradient of 1 at learning rate 1."""
    assert accumulated_gradients(num_steps, momentum) == pytest.approx(expected)
    weight = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([weight], 1.0, momentum)
    for _ in range(num_steps):
        weight.grad = torch.ones(1)
        optimizer.step()
    assert weight.item() == pytest.approx(-expected)


@pytest.mark.parametrize(("momentum", "expected"), [(0.0, 3.0), (0.5, 2.625 * (0.5 + 3 / 4.25))])
def test_fednova_counts_gradients_by_hand(momentum: float, expected: float) -> None:
    """a moves by 1 in 1 step, b by 6 in 3. Plain: 2 * (1/1 + 6/3) / 2 = 3, where FedAvg goes 3.5. With momentum 0.5 the
    numbers are 1 and 4.25, their mean 2.625."""
    plan = sgd_plan(sites=("a", "b"), weighting="uniform", optimizer=replace(PLAIN_SGD, momentum=momentum))
    start = FedNova().initial_state(plan)[GLOBAL]
    updates = {
        site: update_of({GLOBAL: {key: tensor + way for key, tensor in start.items()}}, num_steps=steps)
        for site, way, steps in (("a", 1.0, 1), ("b", 6.0, 3))
    }
    moved = FedNova().aggregate({GLOBAL: start}, updates, plan, 1)[GLOBAL]
    assert_close(moved, {key: tensor + expected for key, tensor in start.items()})


def test_fednova_weights_sites_as_fedavg_does() -> None:
    """Cases 1 and 3, steps 2 and 1, ways 2 and 3: mean of steps 0.25 * 2 + 0.75 = 1.25, times 0.25 * 1 + 0.75 * 3."""
    plan = sgd_plan(sites=("a", "b"), weighting="cases")
    start = FedNova().initial_state(plan)[GLOBAL]
    updates = {
        site: update_of({GLOBAL: {key: tensor + way for key, tensor in start.items()}}, cases, steps)
        for site, way, cases, steps in (("a", 2.0, 1, 2), ("b", 3.0, 3, 1))
    }
    moved = FedNova().aggregate({GLOBAL: start}, updates, plan, 1)[GLOBAL]
    assert_close(moved, {key: tensor + 1.25 * 2.5 for key, tensor in start.items()})


def test_fednova_with_equal_steps_is_fedavg() -> None:
    plan = sgd_plan(local_steps=3)
    assert_close(states_of(FedNova(), plan)[-1][GLOBAL], states_of(FedAvg(Mean()), plan)[-1][GLOBAL])


def test_fednova_with_unequal_steps_is_not_fedavg() -> None:
    """The sites have 1, 2 and 2 steps."""
    assert sha256_of(states_of(FedNova(), PLAN)[1][GLOBAL]) != sha256_of(states_of(FedAvg(Mean()), PLAN)[1][GLOBAL])


# FedDyn


def test_feddyn_adds_the_pull_and_its_own_gradient() -> None:
    """Two steps: w <- w - 0.05 (g - h_k + alpha (w - w_g)), then h_k <- h_k - alpha (w - w_g)."""
    plan, alpha = sgd_plan(local_steps=2), 2.0
    strategy = FedDyn(alpha)
    state = strategy.initial_state(plan)
    own = noise_like(state[GLOBAL], state[DYNAMIC], 3, 0.05)
    update = train(strategy, state | {dynamic_of("a"): own}, "a", plan)
    start, w = state[GLOBAL], dict(state[GLOBAL])
    for batch in batches_of("a", plan, "global"):
        gradient = gradient_at(w, batch, plan)
        w |= {key: w[key] - 0.05 * (g - own[key] + alpha * (w[key] - start[key])) for key, g in gradient.items()}
    assert_close(update.parts[GLOBAL], w)
    assert_close(update.parts[dynamic_of("a")], {key: h - alpha * (w[key] - start[key]) for key, h in own.items()})


@pytest.mark.parametrize(
    ("trained", "h", "weight"),
    [({"a": 2.0, "b": 4.0}, -1.0, 5.0), ({"a": 2.0}, -0.25, 2.5)],
)
def test_feddyns_server_by_hand(trained: dict[str, float], h: float, weight: float) -> None:
    """alpha 0.5, K = 2, w_g = 1. Both: h = -0.5 * (1 + 3) / 2 = -1, w = 3 + 1 / 0.5. a alone: h = -0.5 * 1 / 2 = -0.25,
    w = 2 + 0.25 / 0.5."""
    plan = sgd_plan(sites=("a", "b"))
    state: State = {GLOBAL: number(1.0), DYNAMIC: number(0.0), dynamic_of("a"): number(0), dynamic_of("b"): number(9)}
    updates = {site: update_of({GLOBAL: number(w), dynamic_of(site): number(3)}) for site, w in trained.items()}
    following = FedDyn(0.5).aggregate(state, updates, plan, 1)
    assert following[DYNAMIC]["w"].item() == pytest.approx(h)
    assert following[GLOBAL]["w"].item() == pytest.approx(weight)
    assert following[dynamic_of("b")]["w"].item() == (3 if "b" in trained else 9)


def test_feddyns_first_round_with_a_small_alpha_goes_twice_the_way_of_fedavg() -> None:
    """Sites then train as FedAvg's, and h / alpha is minus the mean change."""
    plan = sgd_plan(rounds=1, weighting="uniform")
    start, mean = (state[GLOBAL] for state in states_of(FedAvg(Mean()), plan))
    moved = states_of(FedDyn(1e-6), plan)[-1][GLOBAL]
    assert_close(moved, {key: 2 * mean[key] - start[key] for key in start}, atol=1e-5)


def test_feddyn_reaches_the_common_minimum_where_averages_of_local_minima_do_not() -> None:
    """Sites solve their problem to the end: w = (a b + h_k + alpha w_g) / (a + alpha). FedAvg's answer would be 1."""
    strategy, plan, alpha = FedDyn(1.0), sgd_plan(sites=("a", "b")), 1.0
    state: State = {GLOBAL: number(0.0), DYNAMIC: number(0.0)} | {dynamic_of(site): number(0.0) for site in plan.sites}
    for _ in range(100):
        w_g, updates = state[GLOBAL]["w"], {}
        for site, a, b in zip(plan.sites, CURVATURES, OPTIMA, strict=True):
            h = state[dynamic_of(site)]["w"]
            w = (a * b + h + alpha * w_g) / (a + alpha)
            updates[site] = update_of({GLOBAL: {"w": w}, dynamic_of(site): {"w": h - alpha * (w - w_g)}})
        state = strategy.aggregate(state, updates, plan, 1)
    assert state[GLOBAL]["w"].item() == pytest.approx(MINIMUM, abs=1e-4)


# All of them


@each_method
def test_same_seed_same_bits(strategy: Strategy) -> None:
    plan = sgd_plan(participation=0.67)
    assert hashes(states_of(strategy, plan)[-1]) == hashes(states_of(strategy, plan)[-1])


@pytest.mark.parametrize(("strategy", "own"), [(Scaffold(1.0), control_of), (FedDyn(0.1), dynamic_of)])
def test_what_is_a_sites_own_stays_while_it_is_absent_and_is_sent_to_it_alone(strategy: Strategy, own: object) -> None:
    plan = sgd_plan(participation=0.67, rounds=3)
    states = states_of(strategy, plan)
    for round_ in (1, 2, 3):
        present = strategy.round_participants(plan, round_)
        for site in SITES:
            part = own(site)  # type: ignore[operator]
            before, after = (sha256_of(states[number_][part]) for number_ in (round_ - 1, round_))
            assert (before != after) == (site in present)
    for site in SITES:
        others = {own(other) for other in SITES if other != site}  # type: ignore[operator]
        assert not others & set(strategy.downloads(states[-1].keys(), site))


@each_method
def test_an_update_that_is_not_finite_is_refused_by_site_part_and_tensor(strategy: Strategy) -> None:
    state = strategy.initial_state(PLAN)
    for part in strategy.uploads("b"):
        updates = {site: train(strategy, state, site, PLAN) for site in ("a", "b")}
        key = next(iter(updates["b"].parts[part]))
        updates["b"].parts[part][key] = torch.full_like(updates["b"].parts[part][key], torch.nan)
        following, refused = aggregate_round(strategy, state, updates, PLAN, 1)
        assert refused["b"].startswith(f"site b: {part} tensor {key} holds NaN or infinite values")
        assert all(torch.isfinite(tensor).all() for tensor in following[GLOBAL].values())


@pytest.mark.parametrize(
    "strategy",
    [
        *METHODS.values(),
        Scaffold(2.0),
        FedOpt("momentum", 1.0, 0.9, 0, 0, Mean()),
        FedOpt("adam", 1.0, 0.9, 0.99, 1e-3, Mean()),
        FedOpt("adagrad", 1.0, 0.0, 0.0, 1e-3, Mean()),
    ],
)
def test_running_statistics_of_batch_norm_are_averaged(strategy: Strategy) -> None:
    """A server's step would take a variance below 0; the sites' first trainings are FedAvg's, FedDyn's nearly."""
    plan = sgd_plan(network=BATCH_NORM, weighting="uniform")
    after = states_of(strategy, plan)[1][GLOBAL]
    average = states_of(FedAvg(Mean()), plan)[1][GLOBAL]
    statistics: Tensors = {key: tensor for key, tensor in average.items() if key not in parameter_keys(plan)}
    assert any(key.endswith("running_var") for key in statistics)
    tolerance = 1e-3 if isinstance(strategy, FedDyn) else 1e-6
    assert_close(after, statistics, atol=tolerance)
    assert set(after) == set(average)


def test_the_small_sites_have_the_steps_that_these_tests_count_on() -> None:
    state = FedAvg(Mean()).initial_state(PLAN)
    assert [train(FedAvg(Mean()), state, site, PLAN).num_steps for site in DATA] == [1, 2, 2]
