"""A site whose step went wrong once is back in the next round: what is not finite is not kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest
import torch

from tests.worker.engine.small_sites import small_plan, small_sites
from worker.engine.checkpoint import sha256_of
from worker.engine.data import ParticipantData
from worker.engine.federation import run_rounds
from worker.engine.kept_state import all_finite, models_not_kept, state_to_keep
from worker.engine.plan import Plan
from worker.engine.robust_aggregation import Mean
from worker.engine.server_step import aggregate_round
from worker.engine.state import GLOBAL, State
from worker.engine.strategies.base import GlobalModelStrategy, SiteContext, SiteUpdate
from worker.engine.strategies.fedavg import FedAvg

NAN = float("nan")
SITES = ("a", "b", "c")


@dataclass(frozen=True)
class SpoiltOnce(GlobalModelStrategy):
    """FedAvg, in which site b's round 2 goes wrong as `spoil` says; `seen` takes what site b starts each round with."""

    spoil: str
    seen: dict[int, State] = field(default_factory=dict)

    def round_participants(self, plan: Plan, round_: int) -> tuple[str, ...]:
        everyone = super().round_participants(plan, round_)
        return tuple(s for s in everyone if s != "b") if self.spoil == "absent" and round_ == 2 else everyone

    def train_site(self, parts: State, data: ParticipantData, context: SiteContext) -> SiteUpdate:
        if context.participant == "b":
            self.seen[context.round] = context.local_state or {}
        update = super().train_site(parts, data, context)
        if context.participant != "b" or context.round != 2:
            return update
        spoilt = {model: {key: tensor * NAN for key, tensor in of.items()} for model, of in update.local_state.items()}
        if self.spoil == "weights and moments":
            return replace(
                update, parts={GLOBAL: {k: v * NAN for k, v in update.parts[GLOBAL].items()}}, local_state=spoilt
            )
        return replace(update, local_state=spoilt) if self.spoil == "moments" else update

    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan, round_: int) -> State:
        return FedAvg(Mean()).aggregate(state, updates, plan, round_)


def test_a_refused_update_falls_back_to_the_moments_before_it() -> None:
    """Rounds 3 and 4 are to the bit those of a federation in which b was absent in round 2."""
    plan, sites = small_plan(SITES, rounds=4), small_sites(SITES)
    spoilt = list(run_rounds(SpoiltOnce("weights and moments"), sites, plan))
    absent = list(run_rounds(SpoiltOnce("absent"), sites, plan))
    assert [sorted(record.refused) for record in spoilt] == [[], [], ["b"], [], []]
    for ours, theirs in zip(spoilt, absent, strict=True):
        assert sha256_of(ours.state[GLOBAL]) == sha256_of(theirs.state[GLOBAL])


def test_moments_that_are_not_finite_are_not_kept_though_the_update_is_sound() -> None:
    strategy, plan, sites = SpoiltOnce("moments"), small_plan(SITES, rounds=3), small_sites(SITES)
    records = list(run_rounds(strategy, sites, plan))
    assert all(not record.refused for record in records)
    assert sha256_of(strategy.seen[3]["global"]) == sha256_of(strategy.seen[2]["global"]), "those of round 1 are kept"
    assert strategy.seen[2], "Adam's moments are kept at the site"


def test_each_model_falls_back_by_itself() -> None:
    one, two, bad = {"m": torch.tensor([1.0])}, {"m": torch.tensor([2.0])}, {"m": torch.tensor([float("inf")])}
    after = {"global": bad, "personalized": two, "new": bad, "step": {"n": torch.tensor([3])}}
    kept = state_to_keep({"global": one, "personalized": one}, after)
    assert kept == {"global": one, "personalized": two, "step": after["step"]}
    assert models_not_kept(after) == ["global", "new"]
    assert state_to_keep(None, {"global": bad}) == {}


def test_a_sum_that_is_not_finite_is_no_state() -> None:
    """Finite updates whose mean is beyond float32: it would come back in every later round."""

    @dataclass(frozen=True)
    class Overflowing(SpoiltOnce):
        def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan, round_: int) -> State:
            return {GLOBAL: {key: tensor * 1e38 * 1e38 for key, tensor in state[GLOBAL].items()}}

    plan, sites = small_plan(("a",)), small_sites(("a",))
    strategy = Overflowing("nothing")
    state = strategy.initial_state(plan)
    context = SiteContext(plan, "a", 1, None, lambda _: None)
    update = strategy.train_site(state, (sites["a"],), context)
    with pytest.raises(ValueError, match="left NaN or infinite values in global though every update was finite"):
        aggregate_round(strategy, state, {"a": update}, plan, 1)


@pytest.mark.parametrize("spoilt", [NAN, float("inf"), -float("inf")])
def test_one_number_is_found_and_a_sum_that_overflows_is_none(spoilt: float) -> None:
    large = torch.full((1000,), torch.finfo(torch.float32).max)
    assert all_finite(large), "its sum is infinite, and each number is not"
    assert all_finite(torch.zeros(0))
    one = torch.randn(1000, generator=torch.Generator().manual_seed(0))
    one[617] = spoilt
    assert not all_finite(one)
    assert not all_finite(torch.tensor([float("inf"), -float("inf")]))
