"""APFL, pFedMe and FedALA: their steps by plain autograd, and what they are at the ends of their range."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.func import functional_call

from tests.worker.engine.method_runs import (
    BATCH_NORM,
    DATA,
    PLAIN_SGD,
    SITES,
    adam_plan,
    assert_close,
    batches_of,
    gradient_at,
    hashes,
    sgd_plan,
    states_of,
    train,
    update_of,
)
from worker.engine.checkpoint import sha256_of
from worker.engine.local_training import Batch
from worker.engine.networks import head_keys
from worker.engine.plan_network import blank_network
from worker.engine.robust_aggregation import Mean
from worker.engine.state import GLOBAL, State, Tensors, personalized
from worker.engine.strategies.apfl import ALPHA, APFL, _mixture_gradient, mix, private_of
from worker.engine.strategies.fedala import MIXING, FedALA
from worker.engine.strategies.fedavg import FedAvg
from worker.engine.strategies.pfedme import PFedMe

# APFL


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_apfls_global_model_is_fedavgs_to_the_bit(alpha: float) -> None:
    state = states_of(APFL(alpha, 0.1), adam_plan())[-1]
    assert sha256_of(state[GLOBAL]) == sha256_of(states_of(FedAvg(Mean()), adam_plan())[-1][GLOBAL])


def test_apfl_with_alpha_0_personalizes_to_the_sites_copy_and_leaves_the_private_model() -> None:
    strategy, plan = APFL(0.0, 0.0), adam_plan()
    state = strategy.initial_state(plan)
    update = train(strategy, state, "a", plan)
    assert sha256_of(update.parts[personalized("a")]) == sha256_of(update.parts[GLOBAL])
    assert sha256_of(update.parts[private_of("a")]) == sha256_of(state[private_of("a")])


def test_apfl_with_alpha_1_trains_the_private_model_alone() -> None:
    state = states_of(APFL(1.0, 0.0), adam_plan())[-1]
    for site in SITES:
        private = {key: tensor for key, tensor in state[private_of(site)].items() if key != ALPHA}
        assert sha256_of(state[personalized(site)]) == sha256_of(private)


def test_apfls_gradients_are_those_of_autograd() -> None:
    """Of f(alpha v + (1 - alpha) w) by v and by alpha, on a linear network."""
    draws = torch.Generator().manual_seed(0)
    own, shared, mixture = (nn.Linear(3, 2) for _ in range(3))
    for network in (own, shared):
        for parameter in network.parameters():
            parameter.data = torch.randn(parameter.shape, generator=draws)
    images, reference = torch.randn(4, 3, generator=draws), torch.randn(4, 2, generator=draws)
    alpha = torch.tensor(0.3, requires_grad=True)
    v = {name: p.detach().clone().requires_grad_() for name, p in own.named_parameters()}
    w = {name: p.detach() for name, p in shared.named_parameters()}
    output = functional_call(mixture, {name: alpha * v[name] + (1 - alpha) * w[name] for name in v}, (images,))
    expected = ((output - reference) ** 2).mean()
    expected.backward()

    mix(mixture, own, shared, 0.3)
    loss, slope = _mixture_gradient(
        mixture,
        own,
        shared,
        0.3,
        Batch(images, reference, ()),
        lambda logits, target: ((logits - target) ** 2).mean(),  # type: ignore[operator]
        adam_plan(),
    )
    assert loss == pytest.approx(expected.item(), rel=1e-6)
    assert alpha.grad is not None
    assert slope == pytest.approx(alpha.grad.item(), rel=1e-5)
    assert_close({name: p.grad for name, p in own.named_parameters()}, {name: t.grad for name, t in v.items()})  # type: ignore[misc]


def test_apfls_share_moves_and_stays_between_0_and_1() -> None:
    """In round 1 v = w: nothing moves it. Then a huge rate takes it to an end."""
    plan = adam_plan(rounds=3, sites=("a", "b"))
    for rate in (0.5, 1e6):
        shares = [
            [state[private_of(s)][ALPHA].item() for s in plan.sites] for state in states_of(APFL(0.5, rate), plan)
        ]
        assert shares[0] == shares[1] == [0.5, 0.5]
        assert all(share != 0.5 for share in shares[2])
        assert all(0 <= share <= 1 for later in shares for share in later)
        if rate == 1e6:
            assert set(shares[2]) <= {0.0, 1.0}


def test_apfls_personalized_model_is_the_mixture_and_its_running_statistics_last() -> None:
    """They are counted on from round to round, not begun anew."""
    plan = sgd_plan(network=BATCH_NORM, sites=("a",), rounds=3)
    state = states_of(APFL(0.25, 0.0), plan)[-1]
    mixture, private = state[personalized("a")], state[private_of("a")]
    key = next(key for key in mixture if key.endswith("conv.weight"))
    assert not torch.equal(private[key], mixture[key])
    (counter,) = {int(t) for k, t in mixture.items() if k.endswith("num_batches_tracked")}
    assert counter == 3  # one step in each round
    for key, tensor in mixture.items():
        if "running" in key:
            assert torch.equal(private[key], tensor)


def test_apfls_private_model_takes_alphas_share_of_the_gradient() -> None:
    """One SGD step from v = w: w moves by 0.05 g, v by alpha of it, and the mixture follows."""
    plan, alpha = sgd_plan(local_steps=1), 0.25
    strategy = APFL(alpha, 0.0)
    state = strategy.initial_state(plan)
    start, update = state[GLOBAL], train(strategy, state, "a", plan)
    (batch,) = batches_of("a", plan, "global")
    gradient = gradient_at(start, batch, plan)
    v = {key: start[key] - 0.05 * alpha * g for key, g in gradient.items()}
    w = {key: start[key] - 0.05 * g for key, g in gradient.items()}
    assert_close(update.parts[private_of("a")], v)
    assert_close(update.parts[GLOBAL], w)
    assert_close(update.parts[personalized("a")], {key: alpha * v[key] + (1 - alpha) * w[key] for key in v})


# pFedMe


def test_pfedme_follows_its_algorithm() -> None:
    """Two batches of two inner steps: theta <- theta - 0.05 (g + lambda (theta - w)); after each batch
    w <- w - eta lambda (w - theta)."""
    plan, lambda_, eta = sgd_plan(), 4.0, 0.1
    strategy = PFedMe(lambda_, 2, eta, 1.0)
    state = strategy.initial_state(plan)
    update = train(strategy, state, "c", plan)
    theta, w = dict(state[GLOBAL]), dict(state[GLOBAL])
    batches = batches_of("c", plan, "personalized")
    assert len(batches) == update.num_steps == 2
    for batch in batches:
        for _ in range(2):
            gradient = gradient_at(theta, batch, plan)
            theta |= {key: theta[key] - 0.05 * (g + lambda_ * (theta[key] - w[key])) for key, g in gradient.items()}
        w = {key: w[key] - eta * lambda_ * (w[key] - theta[key]) for key in w}
    assert_close(update.parts[personalized("c")], theta)
    assert_close(update.parts[GLOBAL], w)
    assert sha256_of(update.parts[GLOBAL]) != sha256_of(update.parts[personalized("c")])


@pytest.mark.parametrize(("beta", "expected"), [(1.0, 5.0), (0.5, 3.0), (2.0, 9.0)])
def test_pfedmes_server_by_hand(beta: float, expected: float) -> None:
    """w_g = 1; cases 1 and 3 of 2 and 6: mean 5. (1 - beta) * 1 + beta * 5."""
    plan = adam_plan(sites=("a", "b"))
    strategy = PFedMe(15.0, 1, 0.005, beta)
    shape = strategy.initial_state(plan)[GLOBAL]
    full = {value: {key: torch.full_like(t, value) for key, t in shape.items()} for value in (1, 2, 6)}
    state: State = {GLOBAL: full[1]} | {personalized(site): full[1] for site in plan.sites}
    updates = {
        site: update_of({GLOBAL: full[value], personalized(site): full[value]}, cases)
        for site, value, cases in (("a", 2, 1), ("b", 6, 3))
    }
    following = strategy.aggregate(state, updates, plan, 1)
    assert_close(following[GLOBAL], {key: torch.full_like(t, expected) for key, t in shape.items()})


# FedALA

#: Local training that changes nothing, so that what a site returns is what it started from.
STILL = sgd_plan(network=BATCH_NORM, optimizer=replace(PLAIN_SGD, learning_rate=0.0), local_steps=1)


def fedala_start(eta: float, mixing: float | None, batch_size: int = 2) -> tuple[State, Tensors, Tensors, Tensors]:
    """State before, head keys' mixing before, the model that local training starts from, and mixing after; site c."""
    strategy, plan = FedALA(eta, 1.0, 1), replace(STILL, batch_size=batch_size)
    state = states_of(FedALA(1.0, 1.0, 1), sgd_plan(network=BATCH_NORM, rounds=1))[-1]
    parameters = {name for name, _ in blank_network(plan).named_parameters()}
    head = head_keys(plan.network, blank_network(plan)) & parameters
    before = {key: torch.full_like(state[GLOBAL][key], 1.0 if mixing is None else mixing) for key in sorted(head)}
    update = train(strategy, state, "c", plan, round_=2, local_state=None if mixing is None else {MIXING: before})
    return state, before, update.parts[personalized("c")], update.local_state[MIXING]


def test_fedala_mixes_nothing_in_the_first_round() -> None:
    strategy = FedALA(1.0, 1.0, 1)
    state = strategy.initial_state(STILL)
    update = train(strategy, state, "a", STILL)
    assert_close(
        {k: t for k, t in update.parts[personalized("a")].items() if "running" not in k and "num_" not in k},
        {k: t for k, t in state[GLOBAL].items() if "running" not in k and "num_" not in k},
        atol=0,
        rtol=0,
    )
    assert MIXING not in update.local_state


@pytest.mark.parametrize("mixing", [None, 0.0, 0.25])
def test_fedalas_start_is_own_plus_w_times_the_difference_in_the_head_and_global_below(mixing: float | None) -> None:
    """W begins at 1, where the start is the global model. With eta 0 it stays."""
    state, before, start, after = fedala_start(0.0, mixing)
    own, shared = state[personalized("c")], state[GLOBAL]
    assert not torch.equal(*(model[next(iter(before))] for model in (own, shared)))
    assert_close(after, before, atol=0, rtol=0)
    for name, _ in blank_network(STILL).named_parameters():
        w = before.get(name, 1.0)
        torch.testing.assert_close(start[name], own[name] + w * (shared[name] - own[name]))


def test_fedala_learns_w_by_its_gradient_and_clips_it() -> None:
    """One batch of all four cases: W <- clip(W - eta g (global - own), 0, 1)."""
    state, before, start, after = fedala_start(1e4, 0.5, batch_size=4)
    own, shared = state[personalized("c")], state[GLOBAL]
    mixed = shared | {key: own[key] + w * (shared[key] - own[key]) for key, w in before.items()}
    cases = DATA["c"].train
    images, references = (torch.stack([getattr(case, name) for case in cases]) for name in ("image", "reference"))
    gradient = gradient_at(mixed, Batch(images, references, tuple(case.case_id for case in cases)), STILL)
    expected = {key: (w - 1e4 * gradient[key] * (shared[key] - own[key])).clamp(0, 1) for key, w in before.items()}
    assert_close(after, expected, atol=1e-3)
    values = torch.cat([w.flatten() for w in after.values()])
    assert 0 <= values.min() < values.max() <= 1
    assert ((values > 0) & (values < 1)).any()
    for key, w in after.items():
        torch.testing.assert_close(start[key], own[key] + w * (shared[key] - own[key]))


def test_fedala_keeps_w_at_the_site_and_goes_on_from_it() -> None:
    """Beside Adam's moments, which the same file holds."""
    strategy, plan = FedALA(1e4, 1.0, 1), adam_plan(rounds=2)
    state = states_of(strategy, plan)[-1]
    first = train(strategy, state, "a", plan, round_=2)
    assert set(first.local_state) == {"personalized", MIXING}
    second = train(strategy, state, "a", plan, round_=3, local_state=first.local_state)
    assert hashes({MIXING: second.local_state[MIXING]}) != hashes({MIXING: first.local_state[MIXING]})
    anew = train(strategy, state, "a", plan, round_=3, local_state={"personalized": first.local_state["personalized"]})
    assert hashes({MIXING: second.local_state[MIXING]}) != hashes({MIXING: anew.local_state[MIXING]})
    assert MIXING not in "".join(second.parts)
