"""The personalized methods: what all of them keep; and the steps of FedBN, SiloBN, FedPer, FedRep and fine-tuning."""

from dataclasses import replace
from functools import cache

import pytest
import torch

from tests.worker.engine.method_runs import (
    BATCH_NORM,
    DATA,
    SITES,
    adam_plan,
    hashes,
    sgd_plan,
    states_of,
    train,
    update_of,
)
from worker.engine.checkpoint import cpu_state, sha256_of
from worker.engine.local_training import train_locally
from worker.engine.networks import batch_norm_keys, batch_norm_statistic_keys, head_keys
from worker.engine.plan_network import blank_network, load_network
from worker.engine.robust_aggregation import Mean
from worker.engine.seeding import generator
from worker.engine.server_step import aggregate_round
from worker.engine.state import GLOBAL, State, personalized
from worker.engine.strategies.apfl import APFL
from worker.engine.strategies.fedala import FedALA
from worker.engine.strategies.fedavg import FedAvg
from worker.engine.strategies.fedbn import FedBN
from worker.engine.strategies.fedper import FedPer
from worker.engine.strategies.fedrep import FedRep
from worker.engine.strategies.fine_tuning import FineTuning
from worker.engine.strategies.partly_shared import PartlyShared
from worker.engine.strategies.pfedme import PFedMe

PARTLY_SHARED = {
    "fedbn": FedBN("batch-norm"),
    "silobn": FedBN("statistics"),
    "fedper": FedPer(),
    "fedrep": FedRep(2),
}
METHODS = {
    **PARTLY_SHARED,
    "fine-tuning": FineTuning(1),
    "apfl": APFL(0.5, 0.5),
    "pfedme": PFedMe(15.0, 2, 0.005, 1.0),
    "fedala": FedALA(1.0, 0.8, 2),
}
#: In each round two of the three sites train.
PLAN = adam_plan(network=BATCH_NORM, rounds=3, participation=0.67)
each_method = pytest.mark.parametrize("name", METHODS)


@cache
def states(name: str) -> list[State]:
    return states_of(METHODS[name], PLAN)


def own_parts(site: str, names: State) -> list[str]:
    return [name for name in names if name.endswith(f"/{site}")]


def private_tensors(name: str, state: State, site: str) -> State:
    """What a site's parts hold that no other site has a share in."""
    strategy = METHODS[name]
    parts = {part: state[part] for part in own_parts(site, state)}
    if not isinstance(strategy, PartlyShared):
        return parts
    keys = strategy.private_keys(PLAN)
    return {part: {key: tensors[key] for key in keys} for part, tensors in parts.items()}


# All of them


@each_method
def test_same_seed_same_bits(name: str) -> None:
    again = states_of(METHODS[name], PLAN)
    assert [hashes(state) for state in again] == [hashes(state) for state in states(name)]


@each_method
def test_a_sites_own_tensors_change_in_the_rounds_in_which_it_trains_and_in_no_other(name: str) -> None:
    rounds = (3,) if name == "fine-tuning" else (1, 2, 3)  # before it, personalized models are the global one
    for round_ in rounds:
        present = METHODS[name].round_participants(PLAN, round_)
        assert len(present) == 2
        for site in SITES:
            before, after = (hashes(private_tensors(name, states(name)[r], site)) for r in (round_ - 1, round_))
            assert (before != after) == (site in present)


@each_method
def test_no_site_receives_another_sites_parts(name: str) -> None:
    strategy = METHODS[name]
    for state in states(name):
        for site in SITES:
            received = set(strategy.downloads(state.keys(), site))
            assert received <= {GLOBAL, *own_parts(site, state)}
            assert received <= state.keys()


@each_method
def test_parts_keep_their_names_keys_shapes_and_types(name: str) -> None:
    def shapes(state: State) -> object:
        return {part: {key: (t.shape, t.dtype) for key, t in tensors.items()} for part, tensors in state.items()}

    first, *later = (shapes(state) for state in states(name))
    assert all(other == first for other in later)


@each_method
def test_an_update_that_is_not_finite_is_refused_by_site_part_and_tensor(name: str) -> None:
    strategy = METHODS[name]
    state = strategy.initial_state(PLAN)
    updates = {site: train(strategy, state, site, PLAN) for site in ("a", "b")}
    sound = updates["b"]
    assert set(strategy.uploads("b")) == set(sound.parts)
    for part in strategy.uploads("b"):
        key = next(iter(sound.parts[part]))
        spoilt = sound.parts[part] | {key: torch.full_like(sound.parts[part][key], torch.nan)}
        updates["b"] = replace(sound, parts=sound.parts | {part: spoilt})
        _, refused = aggregate_round(strategy, state, updates, PLAN, 1)
        assert refused["b"].startswith(f"site b: {part} tensor {key} holds NaN or infinite values")


@each_method
def test_running_variances_stay_positive_and_are_counted(name: str) -> None:
    for part, tensors in states(name)[-1].items():
        for key, tensor in tensors.items():
            if key.endswith("running_var"):
                assert (tensor > 0).all(), f"{part} {key}"


# FedBN, SiloBN, FedPer, FedRep


@pytest.mark.parametrize("name", PARTLY_SHARED)
def test_only_private_tensors_differ_between_sites(name: str) -> None:
    """Absent sites have the new shared tensors too."""
    private = PARTLY_SHARED[name].private_keys(PLAN)
    state = states(name)[-1]
    for key in state[GLOBAL]:
        models = [state[personalized(site)][key] for site in SITES]
        if key not in private:
            assert all(torch.equal(model, state[GLOBAL][key]) for model in models), key
    differing = {k for k in private if not torch.equal(*(state[personalized(site)][k] for site in ("a", "b")))}
    assert len(differing) > len(private) / 2


def test_what_is_private() -> None:
    network = blank_network(PLAN)
    parameters = {name for name, _ in network.named_parameters()}
    assert FedBN("batch-norm").private_keys(PLAN) == batch_norm_keys(network)
    assert FedBN("statistics").private_keys(PLAN) == batch_norm_statistic_keys(network)
    assert batch_norm_keys(network) & parameters
    assert not batch_norm_statistic_keys(network) & parameters
    assert FedPer().private_keys(PLAN) == FedRep(1).private_keys(PLAN) == head_keys(PLAN.network, network)
    assert 0 < len(head_keys(PLAN.network, network) & parameters) < len(parameters)


@pytest.mark.parametrize("name", ["fedbn", "silobn"])
def test_a_network_without_batch_norm_is_refused_before_training(name: str) -> None:
    strategy, plan = METHODS[name], adam_plan()
    with pytest.raises(ValueError, match=r"this network has none.*set network\.norm to batch"):
        train(strategy, strategy.initial_state(plan), "a", plan)


def test_fedbn_averages_the_shared_tensors_by_hand() -> None:
    """Cases 1 and 3: (2 + 3 * 6) / 4 = 5 for shared tensors; private ones stay 2 and 6."""
    plan = adam_plan(network=BATCH_NORM, sites=("a", "b"))
    strategy = FedBN("batch-norm")
    state = strategy.initial_state(plan)
    updates = {
        site: update_of({personalized(site): {k: torch.full_like(t, value) for k, t in state[GLOBAL].items()}}, cases)
        for site, value, cases in (("a", 2, 1), ("b", 6, 3))
    }
    following = strategy.aggregate(state, updates, plan, 1)
    private = strategy.private_keys(plan)
    for site, value in (("a", 2), ("b", 6)):
        for key, tensor in following[personalized(site)].items():
            assert (tensor == (value if key in private else 5)).all(), key


def test_fedrep_trains_the_head_with_the_body_fixed_and_then_the_body_with_the_head_fixed() -> None:
    """The same phases by hand. Site c has 4 cases: 2 epochs of the head are 4 steps, the body's one 2."""
    plan = sgd_plan()
    strategy = FedRep(2)
    state = strategy.initial_state(plan)
    start, update = state[GLOBAL], train(strategy, state, "c", plan)
    head = strategy.private_keys(plan)
    network = load_network(plan, start)
    draws = generator(plan.seed, 1, "c", "head")
    two_epochs = replace(plan, local_epochs=2)
    first = train_locally(network, DATA["c"].train, two_epochs, 1, None, draws, lambda _: None, trained_keys=head)
    assert (first.num_steps, update.num_steps) == (4, 2)
    after_head, final = cpu_state(network), update.parts[personalized("c")]
    for key in start:
        moving, resting = ((start, after_head), (after_head, final))[:: 1 if key in head else -1]
        assert torch.equal(resting[0][key], resting[1][key]), key
        if key.endswith("conv.weight"):  # biases before a norm have no gradient
            assert not torch.equal(moving[0][key], moving[1][key]), key


# Fine-tuning


def test_fine_tuning_is_fedavg_until_its_last_rounds() -> None:
    """Before them all models are one artifact, FedAvg's; then the global one rests."""
    plan = adam_plan(sites=("a", "b"), rounds=4)
    rounds = states_of(FineTuning(2), plan)
    fedavg = states_of(FedAvg(Mean()), plan)
    for state, expected in zip(rounds[:3], fedavg, strict=False):
        assert set(hashes(state).values()) == {sha256_of(expected[GLOBAL])}
    for state in rounds[3:]:
        assert sha256_of(state[GLOBAL]) == sha256_of(rounds[2][GLOBAL])
        assert len(set(hashes(state).values())) == 3
