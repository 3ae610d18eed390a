"""FedAvg with fine-tuning: the last rounds personalize the global model at each site, without any exchange.

The simplest personalization, and hard to beat: Wang et al., "Federated Evaluation of On-device Personalization", 2019;
Cheng et al., "Fine-tuning is Fine in Federated Learning", 2021.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import final

from worker.engine.aggregation import weighted_average
from worker.engine.data import ParticipantData
from worker.engine.plan import GLOBAL, Plan, State, personalized
from worker.engine.strategies.base import (
    PersonalizedStrategy,
    SiteContext,
    SiteUpdate,
    own_models,
    train_personalized,
    update_weights,
)


@final
@dataclass(frozen=True)
class FineTuning(PersonalizedStrategy):
    """fine_tuning_rounds: how many of the run's last rounds. Before them every personalized model is the global one,
    the same tensors: one artifact, downloaded once."""

    fine_tuning_rounds: int

    def downloads(self, part_names: Collection[str], participant: str) -> tuple[str, ...]:  # noqa: ARG002
        return (personalized(participant),)

    def uploads(self, participant: str) -> tuple[str, ...]:
        return (personalized(participant),)

    def train_site(self, parts: State, data: ParticipantData, context: SiteContext) -> SiteUpdate:
        return train_personalized(parts, data, context, context.on_progress)

    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan, round_: int) -> State:
        if round_ > plan.rounds - self.fine_tuning_rounds:
            return {GLOBAL: state[GLOBAL]} | own_models(state, updates, plan)
        models = [update.parts[personalized(site)] for site, update in updates.items()]
        average = weighted_average(models, list(update_weights(updates, plan).values()))
        return {GLOBAL: average} | {personalized(site): average for site in plan.sites}
