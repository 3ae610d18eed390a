"""FedRoD: two heads on shared features, as one network."""

import pytest
import torch

from tests.worker.engine.method_runs import BATCH_NORM, SITES, adam_plan, assert_close, states_of, train
from worker.engine.checkpoint import sha256_of
from worker.engine.networks.presets import preset
from worker.engine.plan import Plan
from worker.engine.plan_network import initial_network, load_network
from worker.engine.robust_aggregation import Mean
from worker.engine.state import GLOBAL, personalized
from worker.engine.strategies.base import initial_weights
from worker.engine.strategies.fedavg import FedAvg
from worker.engine.strategies.fedrod import HEAD, FedRoD, output_keys, with_head

STRATEGY = FedRoD()


def logits(plan: Plan, model: dict[str, torch.Tensor], images: torch.Tensor) -> torch.Tensor:
    network = load_network(plan, model).eval()
    with torch.no_grad():
        output: torch.Tensor = network(images)
    return output


@pytest.mark.parametrize("name", ["unet", "basic-unet", "segresnet", "attention-unet", "dynunet"])
def test_two_heads_logits_are_those_of_one_head_with_the_sum_of_their_weights(name: str) -> None:
    """So a head's own logits are what it adds, whatever the other is: double it, and twice as much is added."""
    plan = adam_plan(network=preset(name, "small", 2))  # type: ignore[arg-type]
    model = initial_weights(plan)
    head = output_keys(plan, initial_network(plan))
    assert head
    draws = torch.Generator().manual_seed(0)
    own = {key: 0.1 * torch.randn(model[key].shape, generator=draws) for key in sorted(head)}
    images = torch.rand(2, 3, 32, 32, generator=draws)
    generic, once = logits(plan, model, images), logits(plan, with_head(model, own), images)
    twice = logits(plan, with_head(with_head(model, own), own), images)
    assert float((once - generic).abs().max()) > 1e-3
    torch.testing.assert_close(twice - generic, 2 * (once - generic), atol=1e-4, rtol=1e-3)


def test_the_generic_model_is_fedavgs_to_the_bit() -> None:
    assert sha256_of(states_of(STRATEGY, adam_plan())[-1][GLOBAL]) == sha256_of(
        states_of(FedAvg(Mean()), adam_plan())[-1][GLOBAL]
    )


def test_a_personalized_model_is_the_sites_generic_one_with_its_own_head_beside() -> None:
    plan = adam_plan(network=BATCH_NORM)
    state = STRATEGY.initial_state(plan)
    update = train(STRATEGY, state, "a", plan)
    head = output_keys(plan, initial_network(plan))
    generic, own = update.parts[GLOBAL], update.parts[personalized("a")]
    for key, tensor in own.items():
        assert torch.equal(tensor, generic[key]) == (key not in head)
    assert update.local_state[HEAD].keys() == head
    assert_close(with_head(generic, update.local_state[HEAD]), own)


def test_the_head_goes_on_from_round_to_round_and_never_leaves_the_site() -> None:
    plan = adam_plan()
    state = states_of(STRATEGY, plan)[-1]
    first = train(STRATEGY, state, "a", plan)
    later = train(STRATEGY, state, "a", plan, 1, first.local_state)
    head = output_keys(plan, initial_network(plan))
    moved = [not torch.equal(first.parts[personalized("a")][key], later.parts[personalized("a")][key]) for key in head]
    assert all(moved)
    assert set(first.parts) == {GLOBAL, personalized("a")}
    assert STRATEGY.downloads(state.keys(), "a") == (GLOBAL,)
    assert {name.partition("/")[0] for name in state} == {GLOBAL, "personalized"}
    assert len(state) == 1 + len(SITES)
