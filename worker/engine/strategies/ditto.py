"""Ditto: Li et al., "Ditto: Fair and Robust Federated Learning Through Personalization", ICML 2021, algorithm 1.

A global model by FedAvg, and at each site a personalized model that minimises F_k(v) + lambda / 2 ||v - w_g||^2, w_g
being the global model received. lambda = 0 makes the personalized models local-only's, to the bit.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import final

from worker.engine.aggregation import check_update
from worker.engine.data import ParticipantData
from worker.engine.local_training import Proximal
from worker.engine.metrics import ModelKind
from worker.engine.plan import GLOBAL, Plan, State, personalized
from worker.engine.strategies.base import (
    SiteContext,
    SiteUpdate,
    Strategy,
    average_part,
    initial_weights,
    train_model,
    train_personalized,
)


@final
@dataclass(frozen=True)
class Ditto(Strategy):
    """The server keeps the personalized models, so that they can be evaluated and resumed; it never mixes them."""

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
        report, received = context.on_progress, parts[GLOBAL]
        shared = train_model(received, data, context, "global", lambda done: report(0.5 * done))
        near = Proximal(self.lambda_, received)
        private = train_personalized(parts, data, context, lambda done: report(0.5 + 0.5 * done), near)
        return SiteUpdate(
            parts=shared.parts | private.parts,
            num_cases=shared.num_cases,
            num_steps=shared.num_steps,
            local_state=shared.local_state | private.local_state,
            metrics=shared.metrics + private.metrics,
        )

    def check_update(self, state: State, participant: str, update: SiteUpdate, plan: Plan) -> None:  # noqa: ARG002
        for part in (GLOBAL, personalized(participant)):
            check_update(participant, part, update.parts.get(part, {}), state[part])

    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan) -> State:
        own = {personalized(site): update.parts[personalized(site)] for site, update in updates.items()}
        return state | {GLOBAL: average_part(GLOBAL, updates, plan)} | own

    def reported_models(self, participant: str) -> Mapping[ModelKind, str]:
        return {"global": GLOBAL, "personalized": personalized(participant)}
