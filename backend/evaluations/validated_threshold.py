"""The threshold that validation cases choose for a finished super model, and the test's cases at it.

No score of a test case chooses it: each site that trains sent what the super model scores on its validation cases at
each threshold, and the best of all sites' cases together is taken.
"""

from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.contracts.case_values import most_probable
from backend.contracts.thresholds import ThresholdChoice, ThresholdPoint, best_of_points, pooled_points
from backend.db.models import Run, ThresholdCurve
from backend.errors import Conflict
from backend.evaluations.scored_cases import GLOBAL, PERSONALIZED, SUPER, TestedCaseScores
from backend.evaluations.selector_schemas import ThresholdOnValidation
from backend.runs.threshold import used_gamma
from backend.runs.words import describe_run


def threshold_on_validation(session: Session, run: Run, round_number: int | None) -> ThresholdOnValidation | None:
    """Of a round that was tested. None where nothing was validated, and for a method without a threshold.

    None too where a site was added to a finished model: the others sent nothing, and one site's cases alone would
    choose the threshold of all.
    """
    used = used_gamma(session, run, round_number)
    if used is None or run.spec is None or run.spec.added is not None:
        return None
    curves = select(ThresholdCurve).where(ThresholdCurve.run_id == run.id, ThresholdCurve.round == round_number)
    sent = {curve.site_slug: curve.points for curve in session.scalars(curves)}
    sites = [slug for slug in run.spec.sites if slug in sent]
    of_sites = [ThresholdPoint.model_validate(point) for slug in sites for point in sent[slug]]
    best = best_of_points(of_sites)
    if best is None:
        return None
    points = pooled_points(of_sites)
    at = {point.gamma: point for point in points}
    return ThresholdOnValidation(
        gamma=best,
        dice=at[best].dice,
        dice_as_run=at[used].dice if used in at else None,
        num_cases=at[best].num_cases,
        sites=sites,
        absent_sites=[slug for slug in run.spec.sites if slug not in sent],
        points=points,
    )


def validated_threshold(session: Session, run: Run) -> float | None:
    """The best on validation in the run's best round."""
    found = threshold_on_validation(session, run, run.best_round)
    return None if found is None else found.gamma


def require_threshold(session: Session, run: Run) -> ThresholdOnValidation:
    """Raises Conflict where validation cases choose none."""
    found = threshold_on_validation(session, run, run.best_round)
    if found is None and run.spec is not None and run.spec.added is not None:
        raise Conflict(
            f"{describe_run(run)} keeps the threshold of the model to which its site was added, because that site's "
            "cases alone would choose another: leave `threshold` at run"
        )
    if found is None:
        raise Conflict(
            f"{describe_run(run)} has no threshold that validation cases chose: a super model with hard routing has "
            "one if its sites have validation cases, so leave `threshold` at run"
        )
    return found


def chosen_gamma(session: Session, run: Run, choice: ThresholdChoice) -> float | None:
    """Another threshold than the run's, where one is wanted. Raises Conflict as `require_threshold`."""
    return require_threshold(session, run).gamma if choice == "validation" else None


def at_threshold(row: TestedCaseScores, gamma: float) -> TestedCaseScores:
    """The case as the super model with this threshold would have it; unchanged where there are no probabilities."""
    if not row.probabilities:
        return row
    best = most_probable(row.probabilities)
    chosen = f"{PERSONALIZED}/{best}" if row.probabilities[best] > gamma else GLOBAL
    scores = {model: by_structure for model, by_structure in row.scores.items() if model != SUPER}
    return replace(row, scores=scores, chosen_model=chosen)
