"""Consensus of local models: every site trains alone, and an image is segmented by all sites' models together.

Nothing is shared while training, so it is what a federation must beat that only exchanges finished models: the mean of
their probabilities (an ensemble; Lakshminarayanan et al., NeurIPS 2017), the majority of their masks, or STAPLE
(Warfield et al., IEEE TMI 2004). The models are local-only's, to the bit. No site of an image needs to be known.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import final

from worker.engine.data import Case, ParticipantData
from worker.engine.fusion import Fusion
from worker.engine.metrics import Metric, ModelKind, case_dice, dice_metrics
from worker.engine.plan import Plan
from worker.engine.state import State, personalized
from worker.engine.strategies.base import (
    CaseRoute,
    LoadPart,
    SiteContext,
    SiteUpdate,
    Strategy,
    initial_weights,
    own_models,
    train_personalized,
)
from worker.engine.super_model import MIXTURE, predict_cases


@final
@dataclass(frozen=True)
class Consensus(Strategy):
    """The method of this file. fusion: how the models' predictions become one mask."""

    fusion: Fusion

    @property
    def criterion(self) -> ModelKind:
        return "super"

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

    def validated_parts(self, participant: str, plan: Plan) -> tuple[str, ...]:  # noqa: ARG002
        return tuple(map(personalized, plan.sites))

    def validate(self, load_part: LoadPart, data: ParticipantData, context: SiteContext) -> tuple[Metric, ...]:
        """Dice of the site's own model, and of the consensus, for which the site loads all models."""
        plan, own = context.plan, personalized(context.participant)
        cases = [case for site in data for case in site.val]
        if not cases:
            return ()
        routes = self.routes(load_part, cases, plan)
        wanted, shares = [[own]] * len(cases), [route.shares for route in routes]
        masks = list(predict_cases(load_part, cases, wanted, plan, shares, self.fusion, context.on_progress))
        metrics: tuple[Metric, ...] = ()
        kinds: tuple[tuple[ModelKind, str], ...] = (("personalized", own), ("super", MIXTURE))
        for kind, name in kinds:
            scores = [
                case_dice(plan.structures, by_part[name], case.reference_original)
                for case, by_part in zip(cases, masks, strict=True)
            ]
            metrics += dice_metrics(context.round, kind, plan.structures, scores)
        return metrics

    def routes(self, load_part: LoadPart, cases: Sequence[Case], plan: Plan) -> tuple[CaseRoute, ...]:  # noqa: ARG002
        """All models, each with the same share: no selector weighs them."""
        models = tuple(map(personalized, plan.sites))
        return tuple(CaseRoute(case.case_id, {}, MIXTURE, ensemble=models, fusion=self.fusion) for case in cases)
