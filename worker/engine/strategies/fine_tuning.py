"""FedAvg with fine-tuning: the last rounds personalize the global model at each site, without any exchange.

The simplest personalization, and hard to beat: Wang et al., "Federated Evaluation of On-device Personalization", 2019;
Cheng et al., "Fine-tuning is Fine in Federated Learning", 2021.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import final

from worker.engine.aggregation import weighted_average
from worker.engine.data import ParticipantData
from worker.engine.metrics import ModelKind
from worker.engine.plan import Plan
from worker.engine.state import GLOBAL, State, personalized
from worker.engine.strategies.base import (
    PersonalizedStrategy,
    SiteContext,
    SiteUpdate,
    also_moves,
    own_models,
    train_model,
    update_weights,
)


@final
@dataclass(frozen=True)
class FineTuning(PersonalizedStrategy):
    """The method of this file.

    fine_tuning_rounds: how many of the run's last rounds personalize. Before them every personalized model is the
    global one, the same tensors: one artifact, downloaded once, and FedAvg's to the bit. Fine-tuning begins with a new
    optimizer.
    """

    fine_tuning_rounds: int

    def downloads(self, part_names: Collection[str], participant: str) -> tuple[str, ...]:  # noqa: ARG002
        return (personalized(participant),)

    def uploads(self, participant: str) -> tuple[str, ...]:
        return (personalized(participant),)

    def train_site(self, parts: State, data: ParticipantData, context: SiteContext) -> SiteUpdate:
        own = personalized(context.participant)
        kind: ModelKind = "personalized" if self._personalizes(context.plan, context.round) else "global"
        update = train_model(parts[own], data, context, kind, context.on_progress)
        update = replace(update, parts={own: update.parts[kind]})
        return update if kind == "personalized" else also_moves(update, "personalized")

    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan, round_: int) -> State:
        if self._personalizes(plan, round_):
            return {GLOBAL: state[GLOBAL]} | own_models(state, updates, plan)
        models = [update.parts[personalized(site)] for site, update in updates.items()]
        average = weighted_average(models, list(update_weights(updates, plan).values()))
        return {GLOBAL: average} | {personalized(site): average for site in plan.sites}

    def _personalizes(self, plan: Plan, round_: int) -> bool:
        return round_ > plan.rounds - self.fine_tuning_rounds
