"""The test of a run's state: every model on a participant's test cases, and the selector's answer for each of them. And
the same of validation cases, by the models that a reader compares."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from worker.engine.data import Case, ParticipantData
from worker.engine.metrics import CaseDice, CaseScores, references_of, scores_against
from worker.engine.plan import Plan
from worker.engine.state import GLOBAL, personalized
from worker.engine.strategies.base import CaseRoute, LoadPart, Strategy, fusion_of
from worker.engine.super_model import predict_cases


@dataclass(frozen=True, eq=False)
class EvaluatedCase:
    """One case, as segmentation models of a state predict it.

    case_id: of the case. site: slug of the site that it is from.
    scores: part name of a model to structure to score; `mixture` is soft routing's model, where the route names it.
    distance_unit: of the distances among the scores.
    masks: part name of a model to its mask [S, *space0] at the image's own size.
    route: the super model's choice; None for strategies without a selector.
    """

    case_id: str
    site: str
    scores: dict[str, CaseScores]
    distance_unit: Literal["mm", "px"]
    masks: dict[str, NDArray[np.bool_]]
    route: CaseRoute | None

    @property
    def dice(self) -> dict[str, CaseDice]:
        """Part name of a model to structure to Dice."""
        return {
            part: {structure: scores["dice"] for structure, scores in by_structure.items()}
            for part, by_structure in self.scores.items()
        }


def segmentation_parts(part_names: Collection[str], plan: Plan) -> tuple[str, ...]:
    """The names of the segmentation models in a state: the global one first, then the sites' in site order."""
    return tuple(name for name in (GLOBAL, *map(personalized, plan.sites)) if name in part_names)


def compared_parts(part_names: Collection[str], site: str, route: CaseRoute | None) -> tuple[str, ...]:
    """The models that a reader compares on a case of the site: the global one, that of the site, and the one that the
    super model chose; of those that there are."""
    chosen = () if route is None else (route.chosen_model,)
    return tuple(name for name in dict.fromkeys((GLOBAL, personalized(site), *chosen)) if name in part_names)


def evaluate(
    strategy: Strategy, part_names: Collection[str], load_part: LoadPart, data: ParticipantData, plan: Plan
) -> Iterator[EvaluatedCase]:
    """Yields every test case with the masks and scores of every segmentation model: rows of the personalization matrix.

    Cases come one by one, so a caller that takes what it needs of one before it asks for the next holds few masks in
    memory. data: of any sites; one outside the federation has no personalized model. The super model's score of a case
    is the score of the model that its route names, so it can be computed for any gamma later.
    """
    parts = segmentation_parts(part_names, plan)
    for site in data:
        if site.test:
            routes = _routes(strategy, load_part, site.test, plan)
            yield from _scored(load_part, site.site, site.test, routes, [parts] * len(site.test), plan)


def evaluate_validation(
    strategy: Strategy, part_names: Collection[str], load_part: LoadPart, data: ParticipantData, plan: Plan
) -> Iterator[EvaluatedCase]:
    """Yields every validation case as `evaluate` does test cases, by the models that a reader compares: the global one,
    that of the case's own site, and the one that the super model chose."""
    parts = segmentation_parts(part_names, plan)
    for site in data:
        if site.val:
            routes = _routes(strategy, load_part, site.val, plan)
            wanted = [compared_parts(parts, site.site, route) for route in routes]
            yield from _scored(load_part, site.site, site.val, routes, wanted, plan)


def _routes(strategy: Strategy, load_part: LoadPart, cases: Sequence[Case], plan: Plan) -> tuple[CaseRoute | None, ...]:
    return strategy.routes(load_part, cases, plan) or (None,) * len(cases)


def _scored(
    load_part: LoadPart,
    site: str,
    cases: Sequence[Case],
    routes: Sequence[CaseRoute | None],
    wanted: Sequence[Collection[str]],
    plan: Plan,
) -> Iterator[EvaluatedCase]:
    mixtures = [{} if route is None else route.shares for route in routes]
    masks = predict_cases(load_part, cases, wanted, plan, mixtures, fusion_of(routes))
    for case, by_part, route in zip(cases, masks, routes, strict=True):
        references = references_of(plan.structures, case.reference_original, case.spacing)
        scores = {part: scores_against(references, mask, plan.nsd_tolerance) for part, mask in by_part.items()}
        unit: Literal["mm", "px"] = "px" if case.spacing is None else "mm"
        yield EvaluatedCase(case.case_id, site, scores, unit, by_part, route)
