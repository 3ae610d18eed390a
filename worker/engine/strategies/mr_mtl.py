"""MR-MTL: mean-regularized multi-task learning, as in Liu et al., "On Privacy and Personalization in Cross-Silo
Federated Learning", NeurIPS 2022, algorithm 1.

Each site has a personalized model that minimises F_k(w_k) + lambda / 2 ||w_k - w_mean||^2, w_mean being the plain mean
of all sites' models of the round before. lambda = 0 is local-only, to the bit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from worker.engine.aggregation import weighted_average
from worker.engine.data import ParticipantData
from worker.engine.local_training import Proximal
from worker.engine.plan import Plan
from worker.engine.state import GLOBAL, State, personalized
from worker.engine.strategies.base import (
    PersonalizedStrategy,
    SiteContext,
    SiteUpdate,
    also_moves,
    own_models,
    train_personalized,
)


@final
@dataclass(frozen=True)
class MrMtl(PersonalizedStrategy):
    """The method of this file. The mean is the part `global`; it counts every site once, also one that is missing in a
    round.

    lambda_: strength of the pull towards the mean, 0 or more.
    """

    lambda_: float

    def uploads(self, participant: str) -> tuple[str, ...]:
        return (personalized(participant),)

    def train_site(self, parts: State, data: ParticipantData, context: SiteContext) -> SiteUpdate:
        mean = Proximal(self.lambda_, parts[GLOBAL])
        return also_moves(train_personalized(parts, data, context, context.on_progress, mean), "global")

    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan, round_: int) -> State:  # noqa: ARG002
        own = own_models(state, updates, plan)
        return {GLOBAL: weighted_average(list(own.values()), [1.0] * len(own)), **own}
