"""What the super model would score on validation cases at any threshold: what a better gamma is chosen by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from worker.engine.data import Case, ParticipantData
from worker.engine.evaluation import EvaluatedCase
from worker.engine.metrics import case_dice, mean_over_structures
from worker.engine.plan import Plan
from worker.engine.selectors.base import route
from worker.engine.strategies.base import CaseRoute, LoadPart, Strategy
from worker.engine.super_model import MIXTURE, predict_cases


@dataclass(frozen=True)
class ThresholdScore:
    """The super model at a threshold.

    gamma: the threshold. dice: mean over structures and over cases. num_cases: cases that have a value.
    """

    gamma: float
    dice: float
    num_cases: int


def threshold_scores(
    strategy: Strategy,
    load_part: LoadPart,
    data: ParticipantData,
    plan: Plan,
    gammas: Sequence[float],
    validated: Mapping[str, EvaluatedCase] | None = None,
) -> tuple[ThresholdScore, ...]:
    """Of the validation cases in `data`, one score a threshold; empty without such cases, for methods without a model
    selector, and under soft routing, which has no threshold.

    Each case is predicted by the global model and by its most probable site's, whatever the number of thresholds.
    validated: by case id, what `evaluate_validation` has found of this state: it is neither routed nor predicted again.
    """
    cases, known = [case for site in data for case in site.val], validated or {}
    routes = _routes(strategy, load_part, cases, plan, known) if cases else ()
    if not routes or any(chosen.chosen_model == MIXTURE for chosen in routes):
        return ()
    choices = [[_choice(chosen, gamma, plan) for gamma in gammas] for chosen in routes]
    scored = [known[case.case_id].dice if case.case_id in known else {} for case in cases]
    lacking = [set(names) - of_case.keys() for names, of_case in zip(choices, scored, strict=True)]
    masks = predict_cases(load_part, cases, lacking, plan)
    predicted = [
        {part: case_dice(plan.structures, mask, case.reference_original) for part, mask in by_part.items()}
        for case, by_part in zip(cases, masks, strict=True)
    ]
    dice = [
        {part: mean_over_structures(of_model) for part, of_model in {**before, **now}.items()}
        for before, now in zip(scored, predicted, strict=True)
    ]
    scores = []
    for index, gamma in enumerate(gammas):
        found = [of_case[names[index]] for of_case, names in zip(dice, choices, strict=True)]
        if present := [value for value in found if value is not None]:
            scores.append(ThresholdScore(gamma, fmean(present), len(present)))
    return tuple(scores)


def _routes(
    strategy: Strategy, load_part: LoadPart, cases: Sequence[Case], plan: Plan, known: Mapping[str, EvaluatedCase]
) -> tuple[CaseRoute, ...]:
    """Of all cases together, because the cases of one patient have one answer."""
    found = [known[case.case_id].route for case in cases if case.case_id in known]
    routed = tuple(route_ for route_ in found if route_ is not None)
    return routed if len(routed) == len(cases) else strategy.routes(load_part, cases, plan)


def _choice(chosen: CaseRoute, gamma: float, plan: Plan) -> str:
    return route([chosen.probabilities[site] for site in plan.sites], plan.sites, gamma)
