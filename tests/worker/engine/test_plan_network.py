"""Networks to load weights into: built once a process, and nobody's work reaches the next."""

from typing import Any

import pytest
import torch

from tests.worker.engine.small_sites import small_plan
from worker.engine import plan_network
from worker.engine.checkpoint import cpu_state, sha256_of
from worker.engine.plan_network import blank_network, initial_network, lent_network, load_network


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The arguments of each network that is built."""
    plan_network._built.cache_clear()
    plan_network._idle.network = None
    found: list[Any] = []
    make = plan_network.make_network

    def counted(*arguments: Any) -> torch.nn.Module:
        found.append(arguments)
        return make(*arguments)

    monkeypatch.setattr(plan_network, "make_network", counted)
    return found


def test_a_network_is_built_once_for_the_same_settings(built: list[Any]) -> None:
    plan = small_plan()
    weights = cpu_state(initial_network(plan))
    before = torch.get_rng_state()
    networks = [load_network(plan, weights) for _ in range(3)]
    assert len(built) == 2, "the one of round 0, whose weights are drawn, and one to copy"
    assert torch.equal(torch.get_rng_state(), before)
    assert {sha256_of(cpu_state(network)) for network in networks} == {sha256_of(weights)}


def test_what_is_done_to_one_network_reaches_no_other(built: list[Any]) -> None:
    plan = small_plan()
    weights = cpu_state(initial_network(plan))
    first, fresh = load_network(plan, weights), cpu_state(blank_network(plan))
    first.register_forward_hook(lambda *_: pytest.fail("a hook of another network"))
    with torch.no_grad():
        for parameter in first.parameters():
            parameter.fill_(7.0)
    first.train()
    again = load_network(plan, weights)
    again(torch.zeros(1, plan.num_channels, 16, 16))
    assert sha256_of(cpu_state(again)) == sha256_of(weights)
    assert sha256_of(cpu_state(blank_network(plan))) == sha256_of(fresh)


def test_a_network_is_lent_again_to_the_next_with_the_same_settings(built: list[Any]) -> None:
    plan, other = small_plan(), small_plan(structures=("disc",))
    with lent_network(plan) as first, lent_network(plan) as inner:
        assert first is not inner, "it is in use"
        first(torch.zeros(1, plan.num_channels, 16, 16)).sum().backward()
    with lent_network(plan) as again:
        assert again is first
        assert all(parameter.grad is None for parameter in again.parameters())
    with lent_network(other) as fresh:
        assert fresh is not first
    assert len(built) == 2


def test_a_network_is_not_lent_again_after_an_error(built: list[Any]) -> None:
    plan = small_plan()
    with pytest.raises(ValueError, match="stopped"), lent_network(plan) as first:
        raise ValueError("stopped")
    with lent_network(plan) as again:
        assert again is not first
    assert len(built) == 1


def test_a_network_that_was_lent_for_a_prediction_can_be_trained(built: list[Any]) -> None:
    plan = small_plan()
    with torch.inference_mode(), lent_network(plan) as first:
        pass
    with lent_network(plan) as again:
        assert again is first
        again(torch.zeros(1, plan.num_channels, 16, 16)).sum().backward()
    assert len(built) == 1
