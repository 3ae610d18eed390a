"""MOON, FedAWA, FedLWS and cyclic weight transfer: by hand, and what they are at the ends of their range."""

from math import exp, log, sqrt

import pytest
import torch

from tests.worker.engine.all_methods import ALL
from tests.worker.engine.method_runs import (
    BATCH_NORM,
    DATA,
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
from worker.engine.checkpoint import sha256_of, to_bytes
from worker.engine.federation import run_rounds
from worker.engine.networks import bottleneck
from worker.engine.plan_network import load_network, parameter_keys
from worker.engine.robust_aggregation import Mean
from worker.engine.state import GLOBAL
from worker.engine.strategies.cyclic import CyclicWeightTransfer
from worker.engine.strategies.fedavg import FedAvg
from worker.engine.strategies.fedawa import LOGITS, SERVER, FedAWA, objective
from worker.engine.strategies.fedlws import FedLWS
from worker.engine.strategies.moon import PREVIOUS, Moon, contrast

FEDAVG = FedAvg(Mean())


def row(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


@pytest.mark.parametrize(
    "name",
    ["moon", "fedawa", "fedlws", "cyclic", "fedrod", "fedrdn", "iop-fl", "fedsm-beyond-the-paper", "consensus-staple"],
)
def test_every_state_update_and_kept_model_becomes_a_file(name: str) -> None:
    """As the platform stores them: no two tensors of one part share memory."""
    strategy, plan = ALL[name]
    for state in states_of(strategy, plan):
        for part in state.values():
            assert to_bytes(part)
    update = train(strategy, strategy.initial_state(plan), "a", plan)
    for part in update.parts.values():
        assert to_bytes(part)
    kept = {f"{model}/{key}": tensor for model, part in update.local_state.items() for key, tensor in part.items()}
    assert to_bytes(kept)


# MOON


def test_moons_contrast_by_hand() -> None:
    """The first image is like the global model's (cosine 1) and at right angles to the previous one's (0); the second
    is like both (0.6 and 0.8)."""
    own = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    shared = torch.tensor([[2.0, 0.0], [0.6, 0.8]])
    previous = torch.tensor([[0.0, 3.0], [0.8, 0.6]])
    terms = [-log(exp(near / 0.5) / (exp(near / 0.5) + exp(away / 0.5))) for near, away in ((1.0, 0.0), (0.6, 0.8))]
    assert contrast(own, shared, previous, 0.5).item() == pytest.approx(sum(terms) / 2, rel=1e-6)


@pytest.mark.parametrize("strategy", [Moon(0.0, 0.5), FedAWA(0.1, 0)])
def test_with_nothing_to_add_they_are_fedavg(strategy: Moon | FedAWA) -> None:
    """MOON to the bit; FedAWA's weights go through a logarithm."""
    found, fedavg = states_of(strategy, adam_plan())[-1][GLOBAL], states_of(FEDAVG, adam_plan())[-1][GLOBAL]
    if isinstance(strategy, Moon):
        assert sha256_of(found) == sha256_of(fedavg)
    assert_close(found, fedavg)


def test_moon_is_fedavg_in_a_sites_first_round_and_keeps_its_model() -> None:
    plan, strategy = adam_plan(), Moon(5.0, 0.5)
    state = strategy.initial_state(plan)
    update, plain = train(strategy, state, "a", plan), train(FEDAVG, state, "a", plan)
    assert sha256_of(update.parts[GLOBAL]) == sha256_of(plain.parts[GLOBAL])
    assert sha256_of(update.local_state[PREVIOUS]) == sha256_of(update.parts[GLOBAL])


def test_moons_step_is_that_of_autograd() -> None:
    """One step of plain SGD: minus 0.05 times the gradient of the loss and of mu times the contrast."""
    plan = sgd_plan(local_steps=1)
    strategy = Moon(2.0, 0.5)
    state = states_of(FEDAVG, plan)[-1]
    previous = train(FEDAVG, state, "a", plan).parts[GLOBAL]
    update = train(strategy, state, "a", plan, 2, {PREVIOUS: previous})
    (batch,) = batches_of("a", plan, "global", 2)
    seen = []
    network = load_network(plan, state[GLOBAL]).train()
    for model in (network, load_network(plan, state[GLOBAL]).eval(), load_network(plan, previous).eval()):
        handle = bottleneck(plan.network, model).register_forward_hook(
            lambda _module, _inputs, output: seen.append(output.flatten(2).mean(dim=2))
        )
        model(batch[0])
        handle.remove()
    (2.0 * contrast(seen[0], seen[1].detach(), seen[2].detach(), 0.5)).backward()
    plain = gradient_at(state[GLOBAL], batch, plan)
    added = {name: p.grad if p.grad is not None else torch.zeros_like(p) for name, p in network.named_parameters()}
    assert sum(float(tensor.abs().sum()) for tensor in added.values()) > 1e-4
    expected = {
        name: state[GLOBAL][name] - 0.05 * (plain.get(name, torch.zeros_like(tensor)) + tensor)
        for name, tensor in added.items()
    }
    assert_close(update.parts[GLOBAL], expected, atol=1e-7)


# FedAWA


def test_fedawas_objective_by_hand() -> None:
    """Changes (2, 0) and (0, 2) of equal shares merge to (1, 1), sqrt(2) from each; away are 0.1 and 0.3."""
    changes = torch.tensor([[2.0, 0.0], [0.0, 2.0]], dtype=torch.float64)
    value = objective(row(0, 0), changes @ changes.T, row(0.1, 0.3))
    assert value.item() == pytest.approx(sqrt(2) + 0.2)
    uneven = objective(row(log(3), 0), changes @ changes.T, row(0.1, 0.3))
    # shares 3/4, 1/4: merged (1.5, 0.5); distances sqrt(0.5) and sqrt(4.5)
    assert uneven.item() == pytest.approx(0.75 * (sqrt(0.5) + 0.1) + 0.25 * (sqrt(4.5) + 0.3))


def test_fedawas_first_step_of_adam_moves_each_weight_by_the_rate_towards_the_better_site() -> None:
    before = row(1, 0, 0)
    models = torch.stack([row(1.1, 0, 0), row(1.1, 0.1, 0), row(0, 3, 0)])
    learned = FedAWA(0.01, 1).learned(row(0, 0, 0), before, models)
    assert learned.abs().tolist() == pytest.approx([0.01] * 3, rel=1e-3)
    assert learned[2] < 0 < learned[1]


def test_equal_sites_keep_their_weights_and_nothing_is_not_a_number() -> None:
    learned = FedAWA(0.5, 20).learned(row(0.2, 0.7), row(1, 1), torch.stack([row(2, 1), row(2, 1)]))
    assert torch.isfinite(learned).all()
    alone = FedAWA(0.5, 20).learned(row(0.0), row(1, 1), row(2, 1)[None])
    assert torch.softmax(alone, dim=0).item() == 1


def test_fedawas_absent_site_keeps_its_weight_and_no_site_is_sent_any() -> None:
    plan, strategy = adam_plan(), FedAWA(0.1, 5)
    state = strategy.initial_state(plan)
    first = strategy.aggregate(state, {site: train(strategy, state, site, plan) for site in SITES}, plan, 1)
    two = {site: train(strategy, first, site, plan, 2) for site in ("a", "c")}
    second = strategy.aggregate(first, two, plan, 2)
    moved = second[SERVER][LOGITS] != first[SERVER][LOGITS]
    assert moved.tolist() == [True, False, True]
    assert strategy.downloads(second.keys(), "a") == (GLOBAL,)


# FedLWS


def test_fedlws_shrinking_by_hand() -> None:
    """||w|| = 5, changes (1, 0) and (3, 0), mean (2, 0): each 1 from it, so tau = 0.5 * 1, within its bounds. The
    average moved by 2: 5 / (5 + 0.5 * 2) = 5/6. Clipped to 0.25: 5 / 5.5. Without disagreement tau is min_tau."""
    before, models = row(3, 4), [row(4, 4), row(6, 4)]
    assert FedLWS(0.5, 0.0, 1.0).shrinking(before, row(5, 4), models) == pytest.approx(5 / 6)
    assert FedLWS(0.5, 0.0, 0.25).shrinking(before, row(5, 4), models) == pytest.approx(5 / 5.5)
    assert FedLWS(0.5, 0.1, 1.0).shrinking(before, row(5, 4), [row(5, 4)] * 2) == pytest.approx(5 / 5.2)
    assert FedLWS(0.5, 0.1, 1.0).shrinking(row(0, 0), row(1, 1), models) == 1


def test_fedlws_shrinks_each_module_alone_and_no_running_statistic() -> None:
    plan = adam_plan(network=BATCH_NORM)
    strategy = FedLWS(0.03, 0.1, 0.2)
    state = strategy.initial_state(plan)
    updates = {site: train(FEDAVG, state, site, plan) for site in SITES}
    average, shrunk = (method.aggregate(state, updates, plan, 1)[GLOBAL] for method in (FEDAVG, strategy))
    parameters = parameter_keys(plan)
    factors: dict[str, set[float]] = {}
    for key, tensor in average.items():
        if key not in parameters:
            assert torch.equal(shrunk[key], tensor)
        elif float(tensor.norm()) > 0:
            factor = float(shrunk[key].norm() / tensor.norm())
            assert 0 < factor < 1
            factors.setdefault(key.rpartition(".")[0], set()).add(round(factor, 5))
    assert all(len(found) == 1 for found in factors.values())
    assert len({next(iter(found)) for found in factors.values()}) > 1


def test_fedlws_with_no_strength_is_fedavg() -> None:
    assert_close(states_of(FedLWS(0.0, 0.0, 0.0), adam_plan())[-1][GLOBAL], states_of(FEDAVG, adam_plan())[-1][GLOBAL])


# Cyclic weight transfer


def test_one_model_goes_round_in_site_order_and_every_site_validates() -> None:
    plan, strategy = adam_plan(rounds=4), CyclicWeightTransfer()
    assert [strategy.round_participants(plan, round_) for round_ in (1, 2, 3, 4)] == [("a",), ("b",), ("c",), ("a",)]
    records = list(run_rounds(strategy, DATA, plan))
    state = strategy.initial_state(plan)
    for round_, site in ((1, "a"), (2, "b"), (3, "c")):
        update = train(strategy, state, site, plan, round_)
        state = strategy.aggregate(state, {site: update}, plan, round_)
        assert hashes(records[round_].state) == hashes(state)
        validated = {name for name, of in records[round_].metrics.items() if any(m.split == "val" for m in of)}
        assert validated == set(SITES)


def test_cyclic_transfer_takes_the_model_as_it_was_trained() -> None:
    model = {"w": torch.tensor([3.0])}
    assert CyclicWeightTransfer().aggregate({}, {"b": update_of({GLOBAL: model})}, adam_plan(), 2) == {GLOBAL: model}
