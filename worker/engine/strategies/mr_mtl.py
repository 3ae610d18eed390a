"""MR-MTL: mean-regularized multi-task learning, as in Liu et al., "On Privacy and Personalization in Cross-Silo
Federated Learning", NeurIPS 2022, algorithm 1.

Each site has a personalized model that minimises F_k(w_k) + lambda / 2 ||w_k - w_mean||^2, w_mean being the plain mean
of all sites' models of the round before. lambda = 0 is local-only, to the bit.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import final

from worker.engine.aggregation import check_update, weighted_average
from worker.engine.data import ParticipantData
from worker.engine.local_training import Proximal
from worker.engine.metrics import ModelKind
from worker.engine.plan import GLOBAL, Plan, State, personalized
from worker.engine.strategies.base import SiteContext, SiteUpdate, Strategy, initial_weights, train_personalized


@final
@dataclass(frozen=True)
class MrMtl(Strategy):
    """The mean is the part `global`; it counts every site once, also one that is missing in a round."""

    lambda_: float

    @property
    def criterion(self) -> ModelKind:
        return "personalized"

    def initial_state(self, plan: Plan) -> State:
        weights = initial_weights(plan)
        return {GLOBAL: weights} | {personalized(site): weights for site in plan.sites}

    def downloads(self, part_names: Collection[str], participant: str) -> tuple[str, ...]:  # noqa: ARG002
        return GLOBAL, personalized(participant)

    def train_site(self, parts: State, data: ParticipantData, context: SiteContext) -> SiteUpdate:
        mean = Proximal(self.lambda_, parts[GLOBAL])
        return train_personalized(parts, data, context, context.on_progress, mean)

    def check_update(self, state: State, participant: str, update: SiteUpdate, plan: Plan) -> None:  # noqa: ARG002
        part = personalized(participant)
        check_update(participant, part, update.parts.get(part, {}), state[part])

    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan) -> State:
        own = {personalized(site): state[personalized(site)] for site in plan.sites}
        own |= {personalized(site): update.parts[personalized(site)] for site, update in updates.items()}
        return {GLOBAL: weighted_average(list(own.values()), [1.0] * len(own)), **own}

    def reported_models(self, participant: str) -> Mapping[ModelKind, str]:
        return {"personalized": personalized(participant), "global": GLOBAL}
