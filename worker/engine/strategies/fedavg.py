"""Federated averaging: McMahan et al., "Communication-Efficient Learning of Deep Networks from Decentralized Data",
AISTATS 2017, algorithm 1 with all sites in every round."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import final

from worker.engine.aggregation import check_update
from worker.engine.data import ParticipantData
from worker.engine.metrics import ModelKind
from worker.engine.plan import GLOBAL, Plan, State
from worker.engine.strategies.base import (
    SiteContext,
    SiteUpdate,
    Strategy,
    average_part,
    initial_weights,
    train_model,
)


@final
@dataclass(frozen=True)
class FedAvg(Strategy):
    @property
    def criterion(self) -> ModelKind:
        return "global"

    def initial_state(self, plan: Plan) -> State:
        return {GLOBAL: initial_weights(plan)}

    def downloads(self, part_names: Collection[str], participant: str) -> tuple[str, ...]:  # noqa: ARG002
        return (GLOBAL,)

    def train_site(self, parts: State, data: ParticipantData, context: SiteContext) -> SiteUpdate:
        return train_model(parts[GLOBAL], data, context, "global", context.on_progress)

    def check_update(self, state: State, participant: str, update: SiteUpdate, plan: Plan) -> None:  # noqa: ARG002
        check_update(participant, GLOBAL, update.parts.get(GLOBAL, {}), state[GLOBAL])

    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan) -> State:  # noqa: ARG002
        """w_g <- sum_k (n_k / n) w_k."""
        return {GLOBAL: average_part(GLOBAL, updates, plan)}

    def reported_models(self, participant: str) -> Mapping[ModelKind, str]:  # noqa: ARG002
        return {"global": GLOBAL}
