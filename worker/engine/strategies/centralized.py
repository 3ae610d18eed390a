"""All sites' data in one place: what a federation approaches. Possible in simulation only."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import final

from worker.engine.aggregation import check_update
from worker.engine.data import ParticipantData
from worker.engine.metrics import ModelKind
from worker.engine.plan import GLOBAL, POOLED, Plan, State
from worker.engine.strategies.base import SiteContext, SiteUpdate, Strategy, initial_weights, train_model


@final
@dataclass(frozen=True)
class Centralized(Strategy):
    """One participant trains on every site's cases; a round is schedule.local_epochs passes over all of them."""

    @property
    def criterion(self) -> ModelKind:
        return "global"

    def participants(self, sites: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002
        return (POOLED,)

    def initial_state(self, plan: Plan) -> State:
        return {GLOBAL: initial_weights(plan)}

    def downloads(self, part_names: Collection[str], participant: str) -> tuple[str, ...]:  # noqa: ARG002
        return (GLOBAL,)

    def train_site(self, parts: State, data: ParticipantData, context: SiteContext) -> SiteUpdate:
        return train_model(parts[GLOBAL], data, context, "global", context.on_progress)

    def check_update(self, state: State, participant: str, update: SiteUpdate, plan: Plan) -> None:  # noqa: ARG002
        check_update(participant, GLOBAL, update.parts.get(GLOBAL, {}), state[GLOBAL])

    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan) -> State:  # noqa: ARG002
        return {GLOBAL: updates[POOLED].parts[GLOBAL]}

    def reported_models(self, participant: str) -> Mapping[ModelKind, str]:  # noqa: ARG002
        return {"global": GLOBAL}
