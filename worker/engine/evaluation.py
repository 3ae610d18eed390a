"""The test of a finished run: every model on a participant's test cases, and what the selector said of each."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worker.engine.data import ParticipantData
from worker.engine.metrics import CaseDice, case_dice
from worker.engine.plan import GLOBAL, Plan, personalized
from worker.engine.strategies.base import CaseRoute, LoadPart, Strategy
from worker.engine.strategies.super_model import predict_cases


@dataclass(frozen=True, eq=False)
class EvaluatedCase:
    """Scores and masks of one test case by model part. `route` is None for strategies without a selector."""

    case_id: str
    site: str
    dice: dict[str, CaseDice]
    masks: dict[str, NDArray[np.bool_]]
    route: CaseRoute | None


def segmentation_parts(part_names: Collection[str], plan: Plan) -> tuple[str, ...]:
    """The parts of a state that are segmentation models: the global one first, then the sites' in site order."""
    return tuple(name for name in (GLOBAL, *map(personalized, plan.sites)) if name in part_names)


def evaluate(
    strategy: Strategy, part_names: Collection[str], load_part: LoadPart, data: ParticipantData, plan: Plan
) -> tuple[EvaluatedCase, ...]:
    """Every segmentation model of the state on every test case: the rows of the personalization matrix.

    The super model's score of a case is the score of the model that its route names, so any gamma can be scored later.
    """
    parts = segmentation_parts(part_names, plan)
    evaluated = []
    for site in data:
        if not site.test:
            continue
        masks = predict_cases(load_part, site.test, [parts] * len(site.test), plan)
        routes: tuple[CaseRoute | None, ...] = strategy.routes(load_part, site.test, plan) or (None,) * len(site.test)
        for case, by_part, route in zip(site.test, masks, routes, strict=True):
            dice = {p: case_dice(plan.structures, mask, case.reference_original) for p, mask in by_part.items()}
            evaluated.append(EvaluatedCase(case.case_id, site.site, dice, by_part, route))
    return tuple(evaluated)
