"""How the prediction of a few test cases grew over the rounds: the models of earlier rounds' states on them."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worker.engine.data import Case, ParticipantData
from worker.engine.evaluation import EvaluatedCase, compared_parts
from worker.engine.metrics import CaseDice, case_dice
from worker.engine.plan import Plan
from worker.engine.strategies.base import LoadPart, Strategy, fusion_of
from worker.engine.super_model import MIXTURE, predict_cases


@dataclass(frozen=True, eq=False)
class PastPrediction:
    """One test case, as the models of one round's state predict it.

    case_id: of the case.
    masks: part name of a model to its mask [S, *space0] at the image's own size.
    dice: part name of a model to structure to Dice.
    chosen_part: the model that the super model used; None for strategies without a selector.
    """

    case_id: str
    masks: dict[str, NDArray[np.bool_]]
    dice: dict[str, CaseDice]
    chosen_part: str | None


def spread(cases: Sequence[Case], most: int) -> tuple[Case, ...]:
    """At most `most` of the cases, evenly over their order, the first and the last among them. most: 1 or more."""
    if len(cases) <= most:
        return tuple(cases)
    if most == 1:
        return (cases[0],)
    return tuple(cases[round(index * (len(cases) - 1) / (most - 1))] for index in range(most))


def past_predictions(
    strategy: Strategy, part_names: Collection[str], load_part: LoadPart, data: ParticipantData, most: int, plan: Plan
) -> Iterator[PastPrediction]:
    """Yields at most `most` test cases of each site, as the models that a reader compares predict them.

    These are the global model, that of the case's own site, and the one that the super model chose. Routes are made of
    all test cases, because the cases of one patient have one answer together.
    """
    for site in data:
        shown = spread(site.test, most)
        if not shown:
            continue
        routes = {route.case_id: route for route in strategy.routes(load_part, site.test, plan)}
        chosen = [routes.get(case.case_id) for case in shown]
        mixtures = [{} if route is None else route.shares for route in chosen]
        wanted = [compared_parts(part_names, site.site, route) for route in chosen]
        predicted = predict_cases(load_part, shown, wanted, plan, mixtures, fusion_of(chosen))
        for case, masks, route in zip(shown, predicted, chosen, strict=True):
            dice = {part: case_dice(plan.structures, mask, case.reference_original) for part, mask in masks.items()}
            yield PastPrediction(case.case_id, masks, dice, route.chosen_model if route is not None else None)


def shown_cases(data: ParticipantData, most: int) -> tuple[Case, ...]:
    """The cases that `past_predictions` is about, in its order."""
    return tuple(case for site in data for case in spread(site.test, most))


def as_past(case: EvaluatedCase, part_names: Collection[str]) -> PastPrediction:
    """What `past_predictions` has of a case that was just evaluated by the same state. part_names: as there."""
    wanted = {*compared_parts(part_names, case.site, case.route), MIXTURE}
    masks = {part: mask for part, mask in case.masks.items() if part in wanted}
    dice = {part: case.dice[part] for part in masks}
    return PastPrediction(case.case_id, masks, dice, case.route.chosen_model if case.route is not None else None)
