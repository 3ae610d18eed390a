"""The test of a run's state: every model on a participant's test cases, and the selector's answer for each of them."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from worker.engine.data import ParticipantData
from worker.engine.metrics import CaseDice, CaseScores, references_of, scores_against
from worker.engine.plan import Plan
from worker.engine.state import GLOBAL, personalized
from worker.engine.strategies.base import CaseRoute, LoadPart, Strategy, fusion_of
from worker.engine.super_model import predict_cases


@dataclass(frozen=True, eq=False)
class EvaluatedCase:
    """One test case, as every segmentation model of a state predicts it.

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
        if not site.test:
            continue
        routes: tuple[CaseRoute | None, ...] = strategy.routes(load_part, site.test, plan) or (None,) * len(site.test)
        mixtures = [{} if route is None else route.shares for route in routes]
        masks = predict_cases(load_part, site.test, [parts] * len(site.test), plan, mixtures, fusion_of(routes))
        for case, by_part, route in zip(site.test, masks, routes, strict=True):
            references = references_of(plan.structures, case.reference_original, case.spacing)
            scores = {part: scores_against(references, mask, plan.nsd_tolerance) for part, mask in by_part.items()}
            unit: Literal["mm", "px"] = "px" if case.spacing is None else "mm"
            yield EvaluatedCase(case.case_id, site.site, scores, unit, by_part, route)
