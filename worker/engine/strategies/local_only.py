"""Local-only: every site trains alone. It shows what a site has without a federation."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import final

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


@final
@dataclass(frozen=True)
class LocalOnly(Strategy):
    """The server keeps each site's model, so that it can be evaluated and resumed; it never mixes them."""

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
        return own_models(state, updates, plan)

    def reported_models(self, participant: str) -> Mapping[ModelKind, str]:
        return {"personalized": personalized(participant)}
