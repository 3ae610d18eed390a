"""Whether what a hospital states in place of its cases' scores can be of its run and of its test cases."""

from collections.abc import Collection, Iterator

from backend.contracts.case_values import SUPER
from backend.contracts.metrics import SCORES
from backend.contracts.score_summaries import RoutingSummary, ScoreSummary, SiteSummary
from backend.contracts.tasks import EvaluateSiteResult, RunSpec
from backend.result_problems import Problem, models_of, no_model, no_structure, strangers

_FIELD = "result.summary"


def summary_problems(spec: RunSpec, number: int, result: EvaluateSiteResult) -> Iterator[Problem]:
    """A summary stands in place of scores, is of the run's models, structures and sites, and counts the site's test
    cases. number: of these."""
    if (summary := result.summary) is None:
        return
    if result.scores or result.validation:
        yield Problem(_FIELD, "a summary", "stands next to scores of single cases", "report one of them")
    yield from _too_many(f"{_FIELD}.num_cases", summary.num_cases, number, f"the {number} test case(s) of the site")
    yield from _of_scores(spec, summary)
    if summary.routing is not None:
        yield from _of_routing(spec, summary.routing, summary.num_cases)


def _of_scores(spec: RunSpec, summary: SiteSummary) -> Iterator[Problem]:
    structures, models = {structure.name for structure in spec.task.structures}, {*models_of(spec), SUPER}
    seen: set[tuple[str, str | None, str]] = set()
    for index, score in enumerate(summary.scores):
        field, key = f"{_FIELD}.scores.{index}", (score.model, score.structure, score.metric)
        if key in seen:
            named = ", ".join(part or "all structures" for part in key)
            yield Problem(field, named, "is stated twice", "state each model, structure and score once")
        seen.add(key)
        yield from _of_score(spec, field, score, summary.num_cases, structures, models)


def _of_score(
    spec: RunSpec, field: str, score: ScoreSummary, num_cases: int, structures: Collection[str], models: Collection[str]
) -> Iterator[Problem]:
    if score.structure is not None and score.structure not in structures:
        yield no_structure(spec.task, f"{field}.structure", score.structure)
    if score.model not in models:
        yield no_model(f"{field}.model", score.model)
    if score.mean is not None and not 0 <= score.mean <= SCORES[score.metric].maximum * 1.00001:
        remedy = f"report a mean from 0 to {SCORES[score.metric].maximum:g}"
        yield Problem(f"{field}.mean", score.mean, f"cannot be a {score.metric}", remedy)
    if score.mean is not None and score.num_valued == 0:
        yield Problem(f"{field}.mean", score.mean, "is a mean over no case", "report null, or the cases behind it")
    yield from _too_many(f"{field}.num_cases", score.num_cases, num_cases, f"the summary's {num_cases} case(s)")
    for name in ("num_valued", "num_missing", "num_misses"):
        limit = f"the score's {score.num_cases} case(s)"
        yield from _too_many(f"{field}.{name}", getattr(score, name), score.num_cases, limit)


def _of_routing(spec: RunSpec, routing: RoutingSummary, num_cases: int) -> Iterator[Problem]:
    field, limit = f"{_FIELD}.routing", f"the summary's {num_cases} case(s)"
    yield from strangers(f"{field}.chosen", routing.chosen, {*spec.sites})
    num_chosen = sum(routing.chosen.values())
    yield from _too_many(f"{field}.chosen", num_chosen, num_cases, limit)
    yield from _too_many(f"{field}.num_global", routing.num_global, num_chosen, f"the {num_chosen} case(s) of chosen")


def _too_many(field: str, number: int, most: int, of: str) -> Iterator[Problem]:
    if number > most:
        yield Problem(field, number, f"is more than {of}", f"report at most {most}")
