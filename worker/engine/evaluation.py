"""The test of a run's state: every model on a participant's test cases, and what the selector said of each."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from worker.engine.data import ParticipantData
from worker.engine.metrics import CaseDice, CaseScores, case_scores
from worker.engine.plan import Plan
from worker.engine.state import GLOBAL, personalized
from worker.engine.strategies.base import CaseRoute, LoadPart, Strategy
from worker.engine.super_model import predict_cases


@dataclass(frozen=True, eq=False)
class EvaluatedCase:
    """Scores and masks of one test case by model part; `mixture` is soft routing's, where the route names it.

    distance_unit: that of distances. `route` is None for strategies without a selector.
    """

    case_id: str
    site: str
    scores: dict[str, CaseScores]
    distance_unit: Literal["mm", "px"]
    masks: dict[str, NDArray[np.bool_]]
    route: CaseRoute | None

    @property
    def dice(self) -> dict[str, CaseDice]:
        """Model part to structure to Dice."""
        return {
            part: {structure: scores["dice"] for structure, scores in by_structure.items()}
            for part, by_structure in self.scores.items()
        }


def segmentation_parts(part_names: Collection[str], plan: Plan) -> tuple[str, ...]:
    """The parts of a state that are segmentation models: the global one first, then the sites' in site order."""
    return tuple(name for name in (GLOBAL, *map(personalized, plan.sites)) if name in part_names)


def evaluate(
    strategy: Strategy, part_names: Collection[str], load_part: LoadPart, data: ParticipantData, plan: Plan
) -> Iterator[EvaluatedCase]:
    """Every segmentation model of the state on every test case: the rows of the personalization matrix.

    Case by case: whoever takes what they need of one before they ask for the next holds few masks at a time.
    data: of any sites, those outside the federation among them, which have no personalized model. The super model's
    score of a case is the score of what its route names, so any gamma can be scored later.
    """
    parts = segmentation_parts(part_names, plan)
    for site in data:
        if not site.test:
            continue
        routes: tuple[CaseRoute | None, ...] = strategy.routes(load_part, site.test, plan) or (None,) * len(site.test)
        mixtures = [{} if route is None else route.shares for route in routes]
        masks = predict_cases(load_part, site.test, [parts] * len(site.test), plan, mixtures)
        for case, by_part, route in zip(site.test, masks, routes, strict=True):
            reference, spacing = case.reference_original, case.spacing
            scores = {
                part: case_scores(plan.structures, mask, reference, spacing, plan.nsd_tolerance)
                for part, mask in by_part.items()
            }
            unit: Literal["mm", "px"] = "px" if spacing is None else "mm"
            yield EvaluatedCase(case.case_id, site.site, scores, unit, by_part, route)
