"""The methods against each other: the identities that hold between them, to the bit."""

import math
from dataclasses import replace

import pytest
import torch

from tests.worker.engine.small_sites import small_plan, small_sites
from worker.engine.aggregation import linear_combination, weighted_average
from worker.engine.checkpoint import sha256_of
from worker.engine.federation import run_rounds
from worker.engine.plan import Plan
from worker.engine.robust_aggregation import Mean
from worker.engine.selectors.base import route
from worker.engine.selectors.lda import LdaSelector
from worker.engine.selectors.softmax import SoftmaxSelector
from worker.engine.server_step import aggregate_round
from worker.engine.state import GLOBAL, POOLED, State, personalized
from worker.engine.strategies.base import SiteContext, SiteUpdate, Strategy
from worker.engine.strategies.centralized import Centralized
from worker.engine.strategies.fedavg import FedAvg
from worker.engine.strategies.fedsm import FedSM
from worker.engine.strategies.local_only import LocalOnly

SITES = ("a", "b", "c")
LDA = LdaSelector(shrinkage=0.1, minimum_cases=2, features="descriptors", farthest=math.inf)


def final_state(strategy: Strategy, plan: Plan) -> State:
    return list(run_rounds(strategy, small_sites(plan.sites), plan))[-1].state


def hashes(state: State) -> dict[str, str]:
    return {name: sha256_of(part) for name, part in state.items()}


@pytest.mark.parametrize(
    "strategy",
    [
        FedSM(0.7, 0.9, LDA, 0.0, "hard"),
        FedSM(0.7, 0.9, SoftmaxSelector("cnn", 1e-3, "reference"), 0.0, "hard"),
        FedAvg(Mean()),
        LocalOnly(0.0),
        Centralized("full"),
    ],
    ids=["fedsm-lda", "fedsm-cnn", "fedavg", "local-only", "centralized"],
)
def test_same_seed_same_bits_and_another_seed_other_bits(strategy: Strategy) -> None:
    plan = small_plan(augmentation="flips")
    first = hashes(final_state(strategy, plan))
    assert hashes(final_state(strategy, plan)) == first
    other = hashes(final_state(strategy, replace(plan, seed=1)))
    assert all(other[name] != sha for name, sha in first.items() if not name.startswith("selector"))


def test_fedsm_with_lambda_1_trains_personalized_models_as_local_only_does() -> None:
    pulled = final_state(FedSM(1.0, 0.9, LDA, 0.0, "hard"), small_plan())
    alone = final_state(LocalOnly(0.0), small_plan())
    for site in SITES:
        assert sha256_of(pulled[personalized(site)]) == sha256_of(alone[personalized(site)])


def test_fedsms_global_model_is_fedavgs() -> None:
    assert (
        sha256_of(final_state(FedSM(0.7, 0.9, LDA, 0.0, "hard"), small_plan())[GLOBAL])
        == hashes(final_state(FedAvg(Mean()), small_plan()))[GLOBAL]
    )


def test_fedavg_of_one_site_is_local_only() -> None:
    """With one case nothing is drawn: the two draw their order of cases from generators of their own."""
    plan, site = small_plan(("a",)), small_sites(("a",), num_train=1)
    fedavg = list(run_rounds(FedAvg(Mean()), site, plan))[-1].state[GLOBAL]
    local = list(run_rounds(LocalOnly(0.0), site, plan))[-1].state[personalized("a")]
    assert sha256_of(fedavg) == sha256_of(local)


def test_one_site_fedsm_leaves_its_personalized_model_as_trained() -> None:
    plan = small_plan(("a",))
    part = personalized("a")
    assert sha256_of(final_state(FedSM(0.7, 0.9, LDA, 0.0, "hard"), plan)[part]) == sha256_of(
        final_state(LocalOnly(0.0), plan)[part]
    )


def test_a_site_that_is_missing_keeps_its_personalized_model() -> None:
    strategy, plan, sites = FedSM(0.7, 0.9, LDA, 0.0, "hard"), small_plan(), small_sites()
    state = strategy.initial_state(plan)
    updates = {site: train(strategy, state, site, plan, sites) for site in ("a", "c")}
    following, refused = aggregate_round(strategy, state, updates, plan, 1)
    assert refused == {}
    assert sha256_of(following[personalized("b")]) == sha256_of(state[personalized("b")])
    pulled = linear_combination([u.parts[personalized(s)] for s, u in updates.items()], [0.7, 1 - 0.7])
    assert sha256_of(following[personalized("a")]) == sha256_of(pulled)


@pytest.mark.parametrize(("weighting", "weights"), [("cases", [6, 7]), ("steps", [3, 4]), ("uniform", [1, 1])])
def test_weights_of_sites(weighting: str, weights: list[int]) -> None:
    """Site a has 6 training cases, b 7: with batches of 2 that is 3 and 4 steps."""
    strategy, plan, sites = FedAvg(Mean()), small_plan(("a", "b"), weighting=weighting), small_sites(("a", "b"))
    state = strategy.initial_state(plan)
    updates = {site: train(strategy, state, site, plan, sites) for site in ("a", "b")}
    expected = weighted_average([u.parts[GLOBAL] for u in updates.values()], weights)
    assert sha256_of(strategy.aggregate(state, updates, plan, 1)[GLOBAL]) == sha256_of(expected)


@pytest.mark.parametrize("strategy", [FedSM(0.7, 0.9, LDA, 0.0, "hard"), FedAvg(Mean()), LocalOnly(0.0)])
def test_the_round_goes_on_without_an_update_that_is_not_finite(strategy: Strategy) -> None:
    plan, sites = small_plan(), small_sites()
    state = strategy.initial_state(plan)
    updates = {site: train(strategy, state, site, plan, sites) for site in SITES}
    name = next(iter(updates["b"].parts))
    key = next(iter(updates["b"].parts[name]))
    updates["b"].parts[name][key] = updates["b"].parts[name][key] * float("nan")
    following, refused = aggregate_round(strategy, state, updates, plan, 1)
    assert refused == {"b": f"site b: {name} tensor {key} holds NaN or infinite values: lower schedule.learning_rate, "
                            "or look at the site's images"}  # fmt: skip
    assert all(torch.isfinite(tensor).all() for part in following.values() for tensor in part.values())


def test_a_round_without_any_sound_update_fails_with_all_reasons() -> None:
    strategy, plan = FedAvg(Mean()), small_plan()
    empty = SiteUpdate(parts={}, num_cases=1, num_steps=1, local_state={}, metrics=())
    with pytest.raises(ValueError, match=r"no update of this round.*site a: global lacks.*site b: global lacks"):
        aggregate_round(strategy, strategy.initial_state(plan), {"a": empty, "b": empty}, plan, 1)


def test_a_site_receives_only_its_own_personalized_model() -> None:
    strategy = FedSM(0.7, 0.9, LDA, 0.0, "hard")
    names = final_state(strategy, small_plan()).keys()
    assert strategy.downloads(names, "b") == (GLOBAL, "personalized/b", "selector", "selector_moments/b")
    assert strategy.downloads(strategy.initial_state(small_plan()).keys(), "b") == (GLOBAL, "personalized/b")


def test_centralized_has_one_participant_with_all_cases() -> None:
    strategy, plan, sites = Centralized("full"), small_plan(), small_sites()
    assert strategy.participants(SITES) == (POOLED,)
    context = SiteContext(plan, POOLED, 1, None, lambda _: None)
    update = strategy.train_site(strategy.initial_state(plan), tuple(sites.values()), context)
    assert update.num_cases == 6 + 7 + 8


@pytest.mark.parametrize(
    ("gamma", "probabilities", "chosen"),
    [
        (0.9, [0.95, 0.03, 0.02], "personalized/a"),
        (0.9, [0.05, 0.05, 0.9], "global"),  # must be more than gamma
        (0.9, [0.4, 0.3, 0.3], "global"),
        (0.0, [0.3, 0.3, 0.4], "personalized/c"),
        (1.0, [1.0, 0.0, 0.0], "global"),
        (0.2, [0.4, 0.4, 0.2], "personalized/a"),  # a tie goes to the first site
    ],
)
def test_route(gamma: float, probabilities: list[float], chosen: str) -> None:
    assert route(probabilities, SITES, gamma) == chosen


def test_gamma_1_is_the_global_model_and_gamma_0_the_personalized_one() -> None:
    plan, sites = small_plan(), small_sites()
    state = final_state(FedSM(0.7, 0.9, LDA, 0.0, "hard"), plan)
    for gamma, kind in ((1.0, "global"), (0.0, "personalized")):
        strategy = FedSM(0.7, gamma, LDA, 0.0, "hard")
        context = SiteContext(plan, "b", 2, None, lambda _: None)
        metrics = strategy.validate(state.__getitem__, (sites["b"],), context)
        found = {m.model: m.value for m in metrics if m.name == "dice" and m.structure == "disc"}
        share = next(m.value for m in metrics if m.name == "share_global")
        assert found["super"] == found[kind]  # type: ignore[index]
        assert share == gamma


def train(strategy: Strategy, state: State, site: str, plan: Plan, sites: dict) -> SiteUpdate:  # type: ignore[type-arg]
    parts = {name: state[name] for name in strategy.downloads(state.keys(), site)}
    return strategy.train_site(parts, (sites[site],), SiteContext(plan, site, 1, None, lambda _: None))


def test_several_threads_are_refused_at_the_call() -> None:
    """With two threads the bits would be others than a worker's, and nothing would say so."""
    torch.set_num_threads(2)
    try:
        with pytest.raises(ValueError, match=r"computes with 2 threads, .* call torch\.set_num_threads\(1\) first"):
            run_rounds(FedAvg(Mean()), small_sites(), small_plan())
    finally:
        torch.set_num_threads(1)
