"""Local-only: every site trains alone. It shows what a site has without a federation, and fine-tunes a finished model.

With a pull p above 0 the model that a round leaves is w_k <- (1 - p) w_k + p w_start, with w_start the model that
training began with: SoftPull's step (aggregation.py) towards the start in place of the other sites, so that few cases
move a finished model only so far. p = 0 is local training, to the bit.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import final

from worker.engine.aggregation import linear_combination
from worker.engine.data import ParticipantData
from worker.engine.metrics import ModelKind
from worker.engine.plan import Plan
from worker.engine.state import State, personalized
from worker.engine.strategies.base import (
    SiteContext,
    SiteUpdate,
    Strategy,
    initial_weights,
    own_models,
    train_personalized,
)


def start_of(site: str) -> str:
    """The part that keeps what a site's training began with."""
    return f"start/{site}"


@final
@dataclass(frozen=True)
class LocalOnly(Strategy):
    """The server keeps each site's model, so that it can be evaluated and resumed; it never mixes them.

    pull: the share of the start in each round's model, 0 to below 1.
    """

    pull: float

    @property
    def criterion(self) -> ModelKind:
        return "personalized"

    def initial_state(self, plan: Plan) -> State:
        weights = initial_weights(plan)
        return {personalized(site): weights for site in plan.sites}

    def downloads(self, part_names: Collection[str], participant: str) -> tuple[str, ...]:  # noqa: ARG002
        return (personalized(participant),)

    def train_site(self, parts: State, data: ParticipantData, context: SiteContext) -> SiteUpdate:
        return train_personalized(parts, data, context, context.on_progress)

    def uploads(self, participant: str) -> tuple[str, ...]:
        return (personalized(participant),)

    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan, round_: int) -> State:  # noqa: ARG002
        own = own_models(state, updates, plan)
        if self.pull == 0:
            return own
        # Before the first round the state is what training begins with.
        starts = {start_of(site): state.get(start_of(site), state[personalized(site)]) for site in plan.sites}
        pulled = {
            personalized(site): linear_combination(
                [own[personalized(site)], starts[start_of(site)]], [1 - self.pull, self.pull]
            )
            for site in updates
        }
        return own | pulled | starts

    def reported_models(self, participant: str) -> Mapping[ModelKind, str]:
        return {"personalized": personalized(participant)}
