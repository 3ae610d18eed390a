"""A test's scores as they leave a site whose policy keeps those of single cases: means over cases, and counts.

Means that are stated next to each other can be subtracted. So a mean is left out where it and the others of the same
score would tell of fewer cases than the policy's minimum: that over structures where few cases have the same ones, that
of the super model where few cases have the same model. A count that is below the minimum, or leaves fewer, is stated as
none or all.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from statistics import fmean

from backend.contracts.case_values import GLOBAL, SUPER, Scores, most_probable, present_values, scores_of, value_of
from backend.contracts.metrics import SCORES, DistanceUnit, ScoreName
from backend.contracts.score_summaries import RoutingSummary, ScoreSummary, SiteSummary
from backend.contracts.tasks import EvaluateSiteResult

#: Of a test of which no score leaves.
NOTHING = EvaluateSiteResult(scores=(), summary=SiteSummary(num_cases=0))


def summarised(result: EvaluateSiteResult, minimum_cases: int) -> EvaluateSiteResult:
    """Without anything of a single case. minimum_cases: nothing that is stated, and no difference, is over fewer.

    No threshold is judged: two that are next to each other differ by one case."""
    by_case: dict[str, Scores] = defaultdict(dict)
    for score in result.scores:
        by_case[score.case_id].setdefault(score.model, {})[score.structure] = score.model_dump()["values"]
    if len(by_case) < minimum_cases:
        return NOTHING
    of_case = {route.case_id: route.chosen_model for route in result.routing}
    chosen = [of_case.get(case_id) for case_id in by_case]
    scores = [scores_of(scores, model) for scores, model in zip(by_case.values(), chosen, strict=True)]
    return EvaluateSiteResult(
        scores=(),
        summary=SiteSummary(
            num_cases=len(by_case),
            distance_unit=_unit(result),
            scores=tuple(_summaries(_Cases(scores, chosen, minimum_cases))),
            routing=_routing(result, minimum_cases),
        ),
    )


@dataclass(frozen=True, eq=False)
class _Cases:
    """scores, chosen: of each case, in one order. chosen: the model that routing chose; None: it was not routed."""

    scores: list[Scores]
    chosen: list[str | None]
    minimum: int

    def tells(self, model: str, structure: str | None, metric: ScoreName) -> bool:
        """Whether the mean may stand next to the others of this score."""
        if model != SUPER:
            return structure is not None or self._tells_overall(model, metric)
        of_chosen = [self._patterns(model, metric) for model in self._models_of_super()]
        if all(self._enough((is_chosen, pattern) for is_chosen, pattern in rows if pattern) for rows in of_chosen):
            return True
        return structure is not None and all(
            self._enough(is_chosen for is_chosen, pattern in rows if structure in pattern)
            and (len({pattern for _, pattern in rows if pattern}) <= 1 or not self._overall_of(rows))
            for rows in of_chosen
        )

    def _tells_overall(self, model: str, metric: ScoreName) -> bool:
        return self._overall_of(self._patterns(model, metric))

    def _overall_of(self, rows: list[tuple[bool, frozenset[str]]]) -> bool:
        """Each case's mean over structures, next to those of each: enough cases have the same structures."""
        return self._enough(pattern for _, pattern in rows if pattern)

    def _models_of_super(self) -> list[str]:
        return list(dict.fromkeys(model for model in self.chosen if model is not None))

    def _patterns(self, model: str, metric: ScoreName) -> list[tuple[bool, frozenset[str]]]:
        """Of each case: whether the super model used this model, and the structures with a value by it."""
        return [
            (chosen == model, frozenset(name for name, by in scores.get(model, {}).items() if by[metric] is not None))
            for scores, chosen in zip(self.scores, self.chosen, strict=True)
        ]

    def _enough(self, groups: Iterable[Hashable]) -> bool:
        return enough(groups, self.minimum)


def enough(groups: Iterable[Hashable], minimum: int) -> bool:
    """Whether each group has at least the minimum of members. groups: of each member."""
    return all(number >= minimum for number in Counter(groups).values())


def _unit(result: EvaluateSiteResult) -> DistanceUnit | None:
    units = {score.distance_unit for score in result.scores}
    return "mm" if units == {"mm"} else "px" if units else None


def _routing(result: EvaluateSiteResult, minimum: int) -> RoutingSummary | None:
    """All of it, or nothing: the sum of the counts is known, and so is one that is left out."""
    is_global = [route.chosen_model == GLOBAL for route in result.routing]
    chosen = [most_probable(route.probabilities) for route in result.routing]
    if not result.routing or not enough(is_global, minimum) or not enough(chosen, minimum):
        return None
    return RoutingSummary(num_global=sum(is_global), chosen=dict(Counter(chosen)))


def _summaries(cases: _Cases) -> Iterator[ScoreSummary]:
    models = dict.fromkeys(model for scores in cases.scores for model in scores)
    structures = dict.fromkeys(name for scores in cases.scores for by in scores.values() for name in by)
    for model in models:
        for structure in (*structures, None):
            for metric in SCORES:
                if cases.tells(model, structure, metric):
                    yield _summary(cases, model, structure, metric)


def _summary(cases: _Cases, model: str, structure: str | None, metric: ScoreName) -> ScoreSummary:
    values = [
        value
        for scores in cases.scores
        if model in scores and (value := value_of(scores[model], metric, structure)) is not None
    ]
    present, minimum = present_values(values), cases.minimum
    return ScoreSummary(
        model=model,
        structure=structure,
        metric=metric,
        mean=fmean(present) if len(present) >= minimum else None,
        num_valued=_stated_count(len(present), len(values), minimum),
        num_cases=len(values),
        num_missing=_stated_count(sum(value.missing for value in values), len(values), minimum),
        num_misses=_stated_count(sum(value.missed for value in values), len(values), minimum),
    )


def _stated_count(number: int, total: int, minimum: int) -> int:
    """Neither the cases that it counts nor the others are fewer than the minimum, unless there are none."""
    if number < minimum:
        return 0
    return total if total - number < minimum else number
