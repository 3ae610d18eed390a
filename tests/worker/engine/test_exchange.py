"""Steps between what a site trained and what it sends, and between what the server gathers and what it aggregates."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final, get_args

import pytest
import torch

from backend.contracts.strategy_configs import StrategyName
from tests.worker.engine.all_methods import ALL
from tests.worker.engine.method_runs import DATA, SITES, adam_plan, hashes, number, states_of, update_of
from worker.engine.exchange import (
    GatherContext,
    GatherTransform,
    UpdateContext,
    UpdateTransform,
    apply_gather_transforms,
    apply_update_transforms,
)
from worker.engine.federation import data_of, train_and_transform
from worker.engine.plan import Plan
from worker.engine.robust_aggregation import Mean
from worker.engine.server_step import aggregate_round, check_updates
from worker.engine.state import GLOBAL, State, Tensors
from worker.engine.strategies.base import SiteContext, SiteUpdate, Strategy
from worker.engine.strategies.fedavg import FedAvg

FEDAVG = FedAvg(Mean())


@final
@dataclass(frozen=True)
class Clip(UpdateTransform):
    """bound: the maximum 2-norm of the change of a part, over the floating-point tensors that the site received."""

    bound: float

    def apply(self, parts: State, context: UpdateContext) -> State:
        return {name: self._clipped(part, context.received.get(name, {})) for name, part in parts.items()}

    def _clipped(self, part: Tensors, before: Tensors) -> Tensors:
        change = change_of(part, before)
        scale = min(1.0, self.bound / (norm_of(change) or 1.0))
        return part | {key: before[key] + scale * tensor for key, tensor in change.items()}


@final
@dataclass(frozen=True)
class Affine(UpdateTransform):
    """x <- factor x + offset: two of them show in which order they ran."""

    factor: float
    offset: float

    def apply(self, parts: State, context: UpdateContext) -> State:
        return {name: {key: self.factor * x + self.offset for key, x in part.items()} for name, part in parts.items()}


@final
@dataclass(frozen=True)
class Noise(UpdateTransform):
    """Gaussian noise of standard deviation 1 on every tensor."""

    def apply(self, parts: State, context: UpdateContext) -> State:
        return {
            name: {key: x + torch.randn(x.shape, generator=context.generator) for key, x in part.items()}
            for name, part in parts.items()
        }


@final
@dataclass(frozen=True)
class Quantise(UpdateTransform):
    """Eight bits for each weight, and the width of a step in a tensor of its own."""

    def apply(self, parts: State, context: UpdateContext) -> State:
        sent: State = {}
        for name, part in parts.items():
            steps = {key: x.abs().max().clamp_min(1e-12) / 127 for key, x in part.items()}
            levels = {key: (x / steps[key]).round().to(torch.int8) for key, x in part.items()}
            sent[name] = levels | {f"step.{key}": step for key, step in steps.items()}
        return sent


@final
@dataclass(frozen=True)
class Dequantise(GatherTransform):
    def apply(self, parts: State, context: GatherContext) -> State:
        return {
            name: {key: x.float() * part[f"step.{key}"] for key, x in part.items() if not key.startswith("step.")}
            for name, part in parts.items()
        }


@final
@dataclass(frozen=True)
class Refuse(GatherTransform):
    """Lets no update of `participant` through."""

    participant: str

    def apply(self, parts: State, context: GatherContext) -> State:
        if context.participant == self.participant:
            raise ValueError("its signature is not the site's")
        return parts


@final
@dataclass(frozen=True)
class SubtractMean(GatherTransform):
    """From each update the mean of all as they came out of the step before: of these, not of those already changed."""

    def apply(self, parts: State, context: GatherContext) -> State:
        others = [update[GLOBAL]["w"] for update in context.gathered.values()]
        return {GLOBAL: {"w": parts[GLOBAL]["w"] - sum(others) / len(others)}}


def change_of(part: Tensors, before: Tensors) -> Tensors:
    return {key: x - before[key] for key, x in part.items() if key in before and x.is_floating_point()}


def norm_of(tensors: Tensors) -> float:
    return sum(float((x.double() ** 2).sum()) for x in tensors.values()) ** 0.5


def updates_of(strategy: Strategy, state: State, plan: Plan) -> dict[str, SiteUpdate]:
    """What every participant sends in round 1."""
    return {
        participant: update_of_participant(strategy, state, plan, participant)
        for participant in strategy.round_participants(plan, 1)
    }


def update_of_participant(strategy: Strategy, state: State, plan: Plan, participant: str) -> SiteUpdate:
    parts = {name: state[name] for name in strategy.downloads(state.keys(), participant)}
    context = SiteContext(plan, participant, 1, None, lambda _: None)
    return train_and_transform(strategy, parts, data_of(participant, DATA, plan), context)


def sent(
    transforms: Sequence[UpdateTransform], value: float = 3.0, seed: int = 0, round_: int = 1, site: str = "a"
) -> float:
    """What a site sends of a model of one weight."""
    parts, _ = apply_update_transforms(transforms, {GLOBAL: number(value)}, {GLOBAL: number(0.0)}, seed, round_, site)
    return float(parts[GLOBAL]["w"])


def gathered(
    transforms: Sequence[GatherTransform], values: dict[str, float]
) -> tuple[dict[str, float], dict[str, str]]:
    """What the server uses of models of one weight, and whom it refuses."""
    updates = {site: {GLOBAL: number(value)} for site, value in values.items()}
    used, refused = apply_gather_transforms(transforms, updates, {GLOBAL: number(0.0)}, 0, 1)
    return {site: float(parts[GLOBAL]["w"]) for site, parts in used.items()}, refused


def test_the_list_of_methods_is_complete() -> None:
    """The experiment's names, each as the beginning of a name in the list."""
    listed = {name.replace("-", "").replace("_", "") for name in ALL}
    missing = [name for name in get_args(StrategyName) if name.replace("-", "").replace("_", "") not in listed]
    assert not missing


@pytest.mark.parametrize("name", ALL)
def test_a_clip_bounds_what_a_site_sends_whatever_the_method(name: str) -> None:
    """Each part that a site received is moved by at most 0.001, and one by more without the clip; nothing is refused.

    With an empty list the server's next state is the method's own, to the bit.
    """
    strategy, plan = ALL[name]
    bound, state = 1e-3, strategy.initial_state(plan)
    free = updates_of(strategy, state, plan)
    alone = strategy.aggregate(state, free, plan, 1)
    assert hashes(aggregate_round(strategy, state, free, plan, 1)[0]) == hashes(alone)

    site, clipping = next(iter(free)), replace(plan, update_transforms=(Clip(bound),))
    update = update_of_participant(strategy, state, clipping, site)
    assert update.parts.keys() == free[site].parts.keys()
    received = [part for part in strategy.downloads(state.keys(), site) if part in update.parts]
    moved, freely = (
        {part: norm_of(change_of(of.parts[part], state[part])) for part in received} for of in (update, free[site])
    )
    assert max(freely.values()) > bound
    assert all(norm <= 1.001 * bound for norm in moved.values())
    assert hashes(update.local_state) == hashes(free[site].local_state)
    assert update.metrics == free[site].metrics
    assert not aggregate_round(strategy, state, free | {site: update}, clipping, 1)[1]


def test_transforms_run_in_the_order_of_the_list() -> None:
    """2 * (3 + 1) = 8, and 2 * 3 + 1 = 7."""
    add, double = Affine(1.0, 1.0), Affine(2.0, 0.0)
    assert sent([add, double]) == 8.0
    assert sent([double, add]) == 7.0
    assert sent([]) == 3.0


def test_the_servers_transforms_see_all_updates_of_the_step_before() -> None:
    """1, 2 and 6 have mean 3; what is left has mean 0, so a second step changes nothing."""
    once, _ = gathered([SubtractMean()], {"a": 1.0, "b": 2.0, "c": 6.0})
    assert once == {"a": -2.0, "b": -1.0, "c": 3.0}
    assert gathered([SubtractMean(), SubtractMean()], {"a": 1.0, "b": 2.0, "c": 6.0})[0] == once


def test_draws_depend_on_seed_round_site_and_place_and_repeat() -> None:
    first = sent([Noise()])
    assert sent([Noise()]) == first
    others = [sent([Noise()], seed=1), sent([Noise()], round_=2), sent([Noise()], site="b")]
    second_place = sent([Affine(1.0, 0.0), Noise()])
    assert len({first, *others, second_place}) == 5


def test_an_empty_list_hands_on_the_very_same_tensors() -> None:
    parts = {GLOBAL: number(1.0)}
    sent_on, left = apply_update_transforms((), parts, {}, 0, 1, "a")
    assert sent_on is parts
    assert not left
    used, refused = apply_gather_transforms((), {"a": parts}, {}, 0, 1)
    assert used["a"] is parts
    assert not refused


def test_the_same_seed_gives_the_same_bits_with_noise() -> None:
    plan = adam_plan(rounds=1, update_transforms=(Clip(0.1), Noise()))
    noisy, again = (states_of(FEDAVG, plan)[1] for _ in range(2))
    assert hashes(noisy) == hashes(again)
    assert hashes(noisy) != hashes(states_of(FEDAVG, replace(plan, seed=1))[1])


def test_what_a_site_encodes_the_server_decodes_before_it_checks() -> None:
    """Rounded to 127 steps, a weight is off by half a step at most; without the decoder the update is refused."""
    plan = adam_plan(rounds=1)
    state = FEDAVG.initial_state(plan)
    expected = aggregate_round(FEDAVG, state, updates_of(FEDAVG, state, plan), plan, 1)[0][GLOBAL]
    coding = replace(plan, update_transforms=(Quantise(),), gather_transforms=(Dequantise(),))
    updates = updates_of(FEDAVG, state, coding)
    for key, weight in aggregate_round(FEDAVG, state, updates, coding, 1)[0][GLOBAL].items():
        steps = [float(update.parts[GLOBAL][f"step.{key}"]) for update in updates.values()]
        assert float((weight - expected[key]).abs().max()) <= 0.501 * max(steps)
    assert set(check_updates(FEDAVG, state, updates, plan, 1).refused) == set(SITES)


def test_a_transform_refuses_one_update_and_the_round_goes_on() -> None:
    used, refused = gathered([Refuse("b")], {"a": 1.0, "b": 2.0, "c": 6.0})
    assert used == {"a": 1.0, "c": 6.0}
    assert refused == {"b": "site b: its signature is not the site's"}
    plan = adam_plan(sites=("a", "b"), rounds=1, gather_transforms=(Refuse("a"), Refuse("b")))
    state = FEDAVG.initial_state(plan)
    with pytest.raises(ValueError, match=r"no update of this round can be aggregated: site a: .*; site b: "):
        aggregate_round(FEDAVG, state, {site: update_of(state) for site in plan.sites}, plan, 1)


def test_whole_numbers_in_place_of_weights_are_refused() -> None:
    """Undecoded levels would be averaged and rounded, with no error."""
    plan = adam_plan()
    state = FEDAVG.initial_state(plan)
    levels = {key: x.to(torch.int8) for key, x in state[GLOBAL].items()}
    refused = check_updates(FEDAVG, state, {"a": update_of({GLOBAL: levels})}, plan, 1).refused
    assert "holds torch.int8, expected torch.float32" in refused["a"]
