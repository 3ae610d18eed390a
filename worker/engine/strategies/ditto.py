"""Ditto: Li et al., "Ditto: Fair and Robust Federated Learning Through Personalization", ICML 2021, algorithm 1.

A global model by FedAvg, and at each site a personalized model that minimises F_k(v) + lambda / 2 ||v - w_g||^2, w_g
being the global model received. lambda = 0 makes the personalized models local-only's, to the bit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from worker.engine.data import ParticipantData
from worker.engine.local_training import Proximal
from worker.engine.plan import Plan
from worker.engine.state import GLOBAL, State
from worker.engine.strategies.base import (
    PersonalizedStrategy,
    SiteContext,
    SiteUpdate,
    average_part,
    own_models,
    train_model,
    train_personalized,
)


@final
@dataclass(frozen=True)
class Ditto(PersonalizedStrategy):
    """lambda_: strength of the pull towards the global model received, 0 or more."""

    lambda_: float

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

    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan, round_: int) -> State:  # noqa: ARG002
        return {GLOBAL: average_part(GLOBAL, updates, plan)} | own_models(state, updates, plan)
