"""A test's scores as they leave a site whose policy keeps those of single cases: means over cases, and counts."""

from collections import Counter, defaultdict
from statistics import fmean

from backend.contracts.case_values import GLOBAL, Scores, most_probable, present_values, scores_of, value_of
from backend.contracts.metrics import SCORES, DistanceUnit, ScoreName
from backend.contracts.score_summaries import RoutingSummary, ScoreSummary, SiteSummary
from backend.contracts.tasks import EvaluateSiteResult


def summarised(result: EvaluateSiteResult, minimum_cases: int) -> EvaluateSiteResult:
    """Without anything of a single case. minimum_cases: no mean is over fewer, and no threshold is judged on fewer."""
    by_case: dict[str, Scores] = defaultdict(dict)
    for score in result.scores:
        by_case[score.case_id].setdefault(score.model, {})[score.structure] = score.model_dump()["values"]
    if len(by_case) < minimum_cases:
        return EvaluateSiteResult(scores=(), summary=SiteSummary(num_cases=0))
    chosen = {route.case_id: route.chosen_model for route in result.routing}
    cases = [scores_of(scores, chosen.get(case_id)) for case_id, scores in by_case.items()]
    return EvaluateSiteResult(
        scores=(),
        thresholds=tuple(point for point in result.thresholds if point.num_cases >= minimum_cases),
        summary=SiteSummary(
            num_cases=len(cases),
            distance_unit=_unit(result),
            scores=_summaries(cases, minimum_cases),
            routing=_routing(result),
        ),
    )


def _unit(result: EvaluateSiteResult) -> DistanceUnit | None:
    units = {score.distance_unit for score in result.scores}
    return "mm" if units == {"mm"} else "px" if units else None


def _routing(result: EvaluateSiteResult) -> RoutingSummary | None:
    if not result.routing:
        return None
    return RoutingSummary(
        num_global=sum(route.chosen_model == GLOBAL for route in result.routing),
        chosen=dict(Counter(most_probable(route.probabilities) for route in result.routing)),
    )


def _summaries(cases: list[Scores], minimum_cases: int) -> tuple[ScoreSummary, ...]:
    models = dict.fromkeys(model for scores in cases for model in scores)
    structures = dict.fromkeys(name for scores in cases for by in scores.values() for name in by)
    return tuple(
        _summary(cases, model, structure, metric, minimum_cases)
        for model in models
        for structure in (*structures, None)
        for metric in SCORES
    )


def _summary(
    cases: list[Scores], model: str, structure: str | None, metric: ScoreName, minimum_cases: int
) -> ScoreSummary:
    values = [
        value
        for scores in cases
        if model in scores and (value := value_of(scores[model], metric, structure)) is not None
    ]
    present = present_values(values)
    tells = len(present) >= minimum_cases
    return ScoreSummary(
        model=model,
        structure=structure,
        metric=metric,
        mean=fmean(present) if tells else None,
        num_valued=len(present) if tells else 0,
        num_cases=len(values),
        num_missing=sum(value.missing for value in values),
        num_misses=sum(value.missed for value in values),
    )
