"""FedProx: Li et al., "Federated Optimization in Heterogeneous Networks", MLSys 2020, equation 2.

FedAvg whose sites minimise F_k(w) + mu / 2 ||w - w_g||^2, w_g being the global model they received. mu = 0 is FedAvg.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import final

from worker.engine.aggregation import check_update
from worker.engine.data import ParticipantData
from worker.engine.local_training import Proximal
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
class FedProx(Strategy):
    mu: float

    @property
    def criterion(self) -> ModelKind:
        return "global"

    def initial_state(self, plan: Plan) -> State:
        return {GLOBAL: initial_weights(plan)}

    def downloads(self, part_names: Collection[str], participant: str) -> tuple[str, ...]:  # noqa: ARG002
        return (GLOBAL,)

    def train_site(self, parts: State, data: ParticipantData, context: SiteContext) -> SiteUpdate:
        received = parts[GLOBAL]
        return train_model(received, data, context, "global", context.on_progress, Proximal(self.mu, received))

    def check_update(self, state: State, participant: str, update: SiteUpdate, plan: Plan) -> None:  # noqa: ARG002
        check_update(participant, GLOBAL, update.parts.get(GLOBAL, {}), state[GLOBAL])

    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan) -> State:  # noqa: ARG002
        return {GLOBAL: average_part(GLOBAL, updates, plan)}

    def reported_models(self, participant: str) -> Mapping[ModelKind, str]:  # noqa: ARG002
        return {"global": GLOBAL}
