"""Every method against a baseline: paired tests on cases, adjusted for their number, with bootstrap intervals."""

from collections import defaultdict
from collections.abc import Iterator
from statistics import fmean

from sqlalchemy.orm import Session

from backend.contracts.metrics import SCORES, ModelKind, ScoreName
from backend.contracts.score_text import signed, signed_interval
from backend.db.models import Experiment
from backend.errors import InvalidInput
from backend.evaluations.hierarchical import interval_over_seeds_and_cases, words_of_seeds
from backend.evaluations.schemas import Comparison, ComparisonCell
from backend.evaluations.scored_cases import ExperimentCases, Method, Query, Valued, experiment_cases, valued_cases
from backend.evaluations.statistics import CONFIDENCE, NUM_RESAMPLES, SIGNIFICANT, holm, wilcoxon


def words_of_test(compared: str, scores: str = "") -> str:
    """compared: what Holm's adjustment is over. scores: what is done with those of a case, where anything is."""
    return (
        f"two-sided Wilcoxon signed-rank test on test cases, {scores}zeros by Pratt, exact up to 50 pairs; Holm's "
        f"adjustment over the {compared} compared on a site"
    )


TEST = words_of_test("methods", "scores averaged over the seeds that both have, ")

#: Case id to seed to value.
CaseSeeds = dict[str, dict[int, float]]


def compare(
    session: Session, experiment: Experiment, baseline: str, model: ModelKind | None, query: Query
) -> Comparison:
    """Raises InvalidInput for a structure or baseline that the experiment does not have."""
    return comparison_of(experiment_cases(session, experiment, query.checkpoint), baseline, model, query)


def comparison_of(
    cases: ExperimentCases, baseline: str, model: ModelKind | None, query: Query, only: Method | None = None
) -> Comparison:
    """model None: what the baseline's strategy is for, its super or personalized model where it has one.

    only: whose cells are wanted, in which case the others lend their p to the adjustment and get no interval.
    """
    require_structure(cases.structures, query.structure)
    methods = cases.methods()
    pinned = _find(methods, baseline, model)
    others = [method for method in methods if method is not pinned]
    cells = []
    values = {method: _values(cases, method, query) for method in methods}
    for slug in cases.places.columns:
        expected = _of_column(cases, values[pinned], slug)
        column = [
            _cell(
                cases,
                method,
                slug,
                _of_column(cases, values[method], slug),
                expected,
                query.metric,
                with_interval=_wanted(method, only),
            )
            for method in others
        ]
        column = adjusted(column)
        cells += [cell for method, cell in zip(others, column, strict=True) if _wanted(method, only)]
    return Comparison(
        experiment_id=cases.experiment.id,
        metric=query.metric,
        checkpoint=query.checkpoint,
        structure=query.structure,
        baseline_label=pinned.label,
        baseline_model=pinned.model,
        higher_is_better=not SCORES[query.metric].lower_is_better,
        test=TEST,
        confidence=CONFIDENCE,
        num_resamples=NUM_RESAMPLES,
        words_of_seeds=words_of_seeds(min((cell.num_seeds for cell in cells if cell.num_seeds), default=1)),
        cells=cells,
    )


def _wanted(method: Method, only: Method | None) -> bool:
    return only is None or (method.label, method.model) == (only.label, only.model)


def adjusted(column: list[ComparisonCell]) -> list[ComparisonCell]:
    """The smallest two-sided p of the signed-rank test on n pairs is 2 / 2^n; of m tests Holm's adjustment multiplies
    the smallest by m."""
    p_values = holm([cell.p for cell in column])
    num_tests = sum(cell.p is not None for cell in column)
    return [
        cell.model_copy(
            update={
                "p_holm": p,
                "decidable": cell.p is not None and num_tests * 2 / 2**cell.num_pairs < SIGNIFICANT,
            }
        )
        for cell, p in zip(column, p_values, strict=True)
    ]


def require_structure(structures: list[str], structure: str | None) -> None:
    """Raises InvalidInput naming those there are."""
    if structure is not None and structure not in structures:
        remedy = f"choose among {', '.join(structures)}, or leave it out for their mean"
        raise InvalidInput.of_field("structure", structure, "is no structure of this task", remedy)


def _find(methods: list[Method], label: str, model: ModelKind | None) -> Method:
    of_label = [method for method in methods if method.label == label]
    if not of_label:
        known = ", ".join(dict.fromkeys(method.label for method in methods))
        raise InvalidInput.of_field("baseline", label, "is no method of this experiment", f"choose among {known}")
    if model is None:
        return of_label[0]
    chosen = next((method for method in of_label if method.model == model), None)
    if chosen is None:
        known = ", ".join(method.model for method in of_label)
        raise InvalidInput.of_field("model", model, f"is no model of {label}", f"choose among {known}")
    return chosen


def _values(cases: ExperimentCases, method: Method, query: Query) -> list[tuple[int, list[Valued]]]:
    """Of each seed."""
    return [(run.seed, valued_cases(cases.rows[run.id], method.model, query)) for run in method.runs]


def _of_column(cases: ExperimentCases, values: list[tuple[int, list[Valued]]], slug: str | None) -> CaseSeeds:
    """Cases whose structure is in a mask; without a seed where no seed has a value."""
    wanted = cases.places.sites(slug)
    found: CaseSeeds = defaultdict(dict)
    for seed, valued in values:
        for row, value in valued:
            if row.site_slug in wanted and not value.missing:
                of_case = found[row.case_id]
                if value.value is not None:
                    of_case[seed] = value.value
    return dict(found)


def _pairs(own: CaseSeeds, expected: CaseSeeds) -> Iterator[dict[int, tuple[float, float]]]:
    """Of each case the values of the seeds that both have: a seed that only one ran would be taken for a
    difference."""
    for case_id, values in own.items():
        others = expected.get(case_id, {})
        if shared := {seed: (values[seed], others[seed]) for seed in values if seed in others}:
            yield shared


def _cell(
    cases: ExperimentCases,
    method: Method,
    slug: str | None,
    own: CaseSeeds,
    expected: CaseSeeds,
    metric: ScoreName,
    *,
    with_interval: bool,
) -> ComparisonCell:
    pairs = list(_pairs(own, expected))
    values = [fmean(value for value, _ in of_case.values()) for of_case in pairs]
    others = [fmean(other for _, other in of_case.values()) for of_case in pairs]
    differences = [value - other for value, other in zip(values, others, strict=True)]
    by_seed = [{seed: value - other for seed, (value, other) in of_case.items()} for of_case in pairs]
    test = wilcoxon(differences)
    interval = interval_over_seeds_and_cases(by_seed) if with_interval else None
    low, high = (interval.low, interval.high) if interval else (None, None)
    difference = _mean(differences)
    return ComparisonCell(
        strategy_label=method.label,
        model=method.model,
        site_slug=slug,
        unseen=slug in cases.places.unseen,
        num_pairs=len(pairs),
        num_zero=test.num_zero if test else 0,
        num_seeds=len({seed for of_case in pairs for seed in of_case}),
        num_left_out=len(own.keys() | expected.keys()) - len(pairs),
        mean=_mean(values),
        baseline_mean=_mean(others),
        difference=difference,
        difference_text=signed(difference, metric),
        low=low,
        high=high,
        interval_text=signed_interval(low, high, metric),
        p=test.p if test else None,
        p_holm=None,
        decidable=False,
        method=test.method if test else None,
    )


def _mean(values: list[float]) -> float | None:
    return fmean(values) if values else None
