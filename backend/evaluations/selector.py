"""The model selector of a run: its confusion and calibration, and the super model at every gamma.

Nothing is predicted anew: every model was scored on every case, so any threshold can be scored from what is stored.
"""

import math
from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate, pairwise
from statistics import fmean

from sqlalchemy.orm import Session

from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.metrics import SCORES
from backend.contracts.thresholds import GAMMAS
from backend.db.models import Run
from backend.errors import NotFound
from backend.evaluations.comparison import require_structure
from backend.evaluations.matrix import checkpoint_round
from backend.evaluations.results import confusion_row, most_probable
from backend.evaluations.scored_cases import (
    GLOBAL,
    PERSONALIZED,
    SUPER,
    Places,
    Query,
    TestedCaseScores,
    case_value,
    evaluated_cases,
    present_values,
    selector_places,
)
from backend.evaluations.selector_schemas import (
    Calibration,
    ReliabilityBin,
    RunSelector,
    SelectorCases,
    SelectorGroup,
    SweepPoint,
)
from backend.evaluations.validated_threshold import threshold_on_validation
from backend.runs.threshold import used_gamma

NUM_BINS = 10
#: The probability that stands for 0 in a logarithm.
SMALLEST = 1e-12
#: A sum of values and their number.
Score = tuple[float, int]
NOTHING: Score = (0.0, 0)


def run_selector(session: Session, run: Run, query: Query) -> RunSelector:
    """Raises NotFound for a method without a selector, InvalidInput for a structure that the task does not have."""
    strategy, rows = _routed_cases(session, run, query)
    places = selector_places(run)
    groups = [(slug, selected) for slug in places.columns if (selected := places.select(rows, slug))]
    return RunSelector(
        run_id=run.id,
        round=checkpoint_round(run, query),
        metric=query.metric,
        checkpoint=query.checkpoint,
        structure=query.structure,
        higher_is_better=not SCORES[query.metric].lower_is_better,
        gamma=_gamma(session, run, strategy, query),
        routing=strategy.routing,
        validation=threshold_on_validation(session, run, checkpoint_round(run, query)),
        sites=places.training,
        unseen_sites=places.unseen,
        groups=[_group(selected, slug, places, query) for slug, selected in groups],
    )


def selector_cases(session: Session, run: Run, query: Query) -> SelectorCases:
    """As `run_selector`, case by case, for a screen that moves the threshold."""
    strategy, rows = _routed_cases(session, run, query)
    places = selector_places(run)
    answers = [row.probabilities or {} for row in rows]
    best = [most_probable(answer) for answer in answers]

    def scores(model_of: Callable[[int], str]) -> list[float | None]:
        values = (case_value(row, model_of(index), query) for index, row in enumerate(rows))
        return [value.value if value is not None else None for value in values]

    return SelectorCases(
        run_id=run.id,
        round=checkpoint_round(run, query),
        metric=query.metric,
        checkpoint=query.checkpoint,
        structure=query.structure,
        gamma=_gamma(session, run, strategy, query),
        routing=strategy.routing,
        sites=places.training,
        unseen_sites=places.unseen,
        case_ids=[row.case_id for row in rows],
        names=[row.name for row in rows],
        site_slugs=[row.site_slug for row in rows],
        most_probable=[places.training.index(slug) for slug in best],
        confidence=[min(answer[slug], 1.0) for answer, slug in zip(answers, best, strict=True)],
        own_scores=scores(lambda index: f"{PERSONALIZED}/{best[index]}"),
        global_scores=scores(lambda _: GLOBAL),
        home_scores=scores(lambda _: PERSONALIZED),
        ran_scores=scores(lambda _: SUPER),
    )


def _gamma(session: Session, run: Run, strategy: FedSMConfig, query: Query) -> float:
    used = used_gamma(session, run, checkpoint_round(run, query))
    return strategy.gamma if used is None else used


def _routed_cases(session: Session, run: Run, query: Query) -> tuple[FedSMConfig, list[TestedCaseScores]]:
    if not isinstance(run.strategy, FedSMConfig):
        raise NotFound(f"run {run.id} is {run.strategy_label}, which has no model selector: choose a run of FedSM")
    require_structure([structure.name for structure in run.spec.task.structures] if run.spec else [], query.structure)
    rows = [row for row in evaluated_cases(session, [run.id], query.checkpoint) if row.probabilities]
    return run.strategy, rows


def _group(rows: list[TestedCaseScores], slug: str | None, places: Places, query: Query) -> SelectorGroup:
    ran = present_values(value for row in rows if (value := case_value(row, SUPER, query)) is not None)
    unseen = slug in places.unseen
    chosen = confusion_row(rows)
    return SelectorGroup(
        site_slug=slug,
        unseen=unseen,
        num_cases=len(rows),
        mean=fmean(ran) if ran else None,
        share_global=sum(row.chosen_model == GLOBAL for row in rows) / len(rows),
        sweep=gamma_sweep(rows, query),
        calibration=None if unseen else calibration([(row.site_slug, row.probabilities or {}) for row in rows]),
        chosen={site: chosen[site] for site in places.training},
    )


def gamma_sweep(rows: list[TestedCaseScores], query: Query) -> list[SweepPoint]:
    """The most probable site's model where its probability is above gamma, else the global one.

    rows: at least one, each with probabilities. With cases in order of confidence the first k use the global model,
    so that sums of its scores from the left and of the others' from the right give every point.
    """
    cases = sorted(_confident_case(row, query) for row in rows)
    confidences = [confidence for confidence, *_ in cases]
    shared = list(accumulate((score for _, _, score in cases), _add, initial=NOTHING))
    own = list(accumulate((score for _, score, _ in reversed(cases)), _add, initial=NOTHING))[::-1]
    points = []
    for gamma in GAMMAS:
        num_global = bisect_right(confidences, gamma)
        total, num_present = _add(shared[num_global], own[num_global])
        points.append(
            SweepPoint(
                gamma=gamma,
                mean=total / num_present if num_present else None,
                num_cases=num_present,
                share_global=num_global / len(cases),
            )
        )
    return points


def _confident_case(row: TestedCaseScores, query: Query) -> tuple[float, Score, Score]:
    """The largest probability, and the scores of that site's model and of the global one."""
    probabilities = row.probabilities or {}
    best = most_probable(probabilities)
    values = (case_value(row, model, query) for model in (f"{PERSONALIZED}/{best}", GLOBAL))
    own, shared = ((v.value, 1) if v is not None and v.value is not None else NOTHING for v in values)
    return min(probabilities[best], 1.0), own, shared


def _add(first: Score, second: Score) -> Score:
    return first[0] + second[0], first[1] + second[1]


def calibration(cases: list[tuple[str, dict[str, float]]]) -> Calibration:
    """Of (the case's site, probabilities by site), at least one. Bins of equal width (Guo et al., ICML 2017)."""
    confident = [(min(p[most_probable(p)], 1.0), most_probable(p) == slug) for slug, p in cases]
    edges = [index / NUM_BINS for index in range(NUM_BINS + 1)]
    bins = [_bin(low, high, confident) for low, high in pairwise(edges)]
    return Calibration(
        accuracy=fmean(right for _, right in confident),
        nll=fmean(-math.log(max(p.get(slug, 0.0), SMALLEST)) for slug, p in cases),
        brier=fmean(sum((value - (site == slug)) ** 2 for site, value in p.items()) for slug, p in cases),
        ece=sum(
            entry.num_cases / len(cases) * abs(entry.accuracy - entry.confidence)
            for entry in bins
            if entry.accuracy is not None and entry.confidence is not None
        ),
        bins=bins,
    )


def _bin(low: float, high: float, confident: list[tuple[float, bool]]) -> ReliabilityBin:
    inside = [(confidence, right) for confidence, right in confident if low < confidence <= high]
    return ReliabilityBin(
        low=low,
        high=high,
        num_cases=len(inside),
        confidence=fmean(confidence for confidence, _ in inside) if inside else None,
        accuracy=fmean(right for _, right in inside) if inside else None,
    )
