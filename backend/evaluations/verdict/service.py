"""Makes the verdict of the same paired tests that the results table shows with each method as its baseline."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.contracts.metrics import SCORES
from backend.contracts.score_text import printed
from backend.db.models import Experiment, Federation, Run
from backend.evaluations.comparison import comparison_of, require_structure
from backend.evaluations.results import distance_unit, seeds_of_table
from backend.evaluations.schemas import ComparisonCell
from backend.evaluations.scored_cases import (
    ExperimentCases,
    Method,
    Query,
    experiment_cases,
    valued_cases,
)
from backend.evaluations.statistics import SIGNIFICANT
from backend.evaluations.verdict import words
from backend.evaluations.verdict.schemas import (
    LatestResult,
    Relation,
    Role,
    Verdict,
    VerdictAgainst,
    VerdictMethod,
    VerdictPlace,
)

#: Methods that the main one is measured by, in the order of the sentences.
REFERENCES: dict[str, Role] = {"fedavg": "baseline", "local-only": "local-only", "centralized": "centralized"}


def experiment_verdict(session: Session, experiment: Experiment, query: Query) -> Verdict:
    """Raises InvalidInput for a structure that the task does not have."""
    return verdict_of(experiment_cases(session, experiment, query.checkpoint), query)


def latest_result(session: Session, federation_ids: list[str] | None) -> LatestResult | None:
    """Of the experiment whose run ended last, without archived ones and those that compare no methods.

    federation_ids: None for any federation."""
    query = (
        select(Experiment.id, Federation.name)
        .join(Federation, Federation.id == Experiment.federation_id)
        .join(Run, Run.experiment_id == Experiment.id)
        .where(Run.status == "completed", Experiment.kind == "training")
        .where(Experiment.archived_at.is_(None), Federation.archived_at.is_(None))
        .order_by(Run.finished_at.desc(), Experiment.id)
        .limit(1)
    )
    if federation_ids is not None:
        query = query.where(Federation.id.in_(federation_ids))
    found = session.execute(query).first()
    if found is None:
        return None
    experiment_id, federation_name = found
    experiment = session.get_one(Experiment, experiment_id)
    return LatestResult(
        experiment_id=experiment.id,
        experiment_name=experiment.name,
        federation_id=experiment.federation_id,
        federation_name=federation_name,
        verdict=experiment_verdict(session, experiment, Query("dice", "best")),
    )


def verdict_of(cases: ExperimentCases, query: Query) -> Verdict:
    require_structure(cases.structures, query.structure)
    unit = distance_unit(cases.rows, cases.stated) if SCORES[query.metric].quantity == "distance" else None
    tested = [method for method in _main_models(cases) if any(cases.is_tested(run) for run in method.runs)]
    subject = _subject(tested)
    verdict = Verdict(
        experiment_id=cases.experiment.id,
        metric=query.metric,
        unit=unit,
        checkpoint=query.checkpoint,
        structure=query.structure,
        complete=cases.complete,
        method=_method(cases, subject, query) if subject else None,
        run_id=next((run.id for run in subject.runs if cases.is_tested(run)), None) if subject else None,
        against=[],
        ahead=None,
        headline=words.NOT_TESTED,
        details=[],
        words_of_seeds=seeds_of_table(cases),
        test=None,
    )
    return _judged(cases, query, verdict, subject, tested) if subject else verdict


def _judged(cases: ExperimentCases, query: Query, verdict: Verdict, subject: Method, tested: list[Method]) -> Verdict:
    own = _method(cases, subject, query)
    name = words.name_of(own, _has_several(subject))
    score = words.score_words(verdict)
    others = _references(tested, subject)
    compared = [
        (role, other, comparison_of(cases, other.label, other.model, query, only=subject)) for role, other in others
    ]
    verdict.test = compared[0][2].test if compared else None
    verdict.against = [_against(cases, query, name, role, other, found.cells) for role, other, found in compared]
    sentences = [entry.words for entry in verdict.against]
    if verdict.against:
        first = verdict.against[0]
        other = words.name_of(first.method, _has_several(others[0][1]))
        sentences[1:1] = words.unseen_words(name, other, first.places)
    if (ahead := _ahead(cases, query, subject, tested)) is not None:
        verdict.ahead = _method(cases, ahead, query)
        sentences.append(words.ahead_words(verdict.ahead, words.name_of(verdict.ahead, _has_several(ahead)), score))
    headline, *verdict.details = sentences or [words.alone(own, name, score)]
    verdict.headline = headline if cases.complete else f"So far: {headline}"
    return verdict


def _main_models(cases: ExperimentCases) -> list[Method]:
    """Of each label the model that its method is for."""
    found: dict[str, Method] = {}
    for method in cases.methods():
        found.setdefault(method.label, method)
    return list(found.values())


def _has_several(method: Method) -> bool:
    return len(method.runs[0].strategy.card.models) > 1


def _name(method: Method) -> str:
    return str(method.runs[0].strategy.name)


def _subject(tested: list[Method]) -> Method | None:
    """FedSM, else the first federated method other than the baseline, else the first."""
    federated = [method for method in tested if _name(method) not in ("local-only", "centralized")]
    of_fedsm = [method for method in federated if _name(method) == "fedsm"]
    not_baseline = [method for method in federated if _name(method) not in REFERENCES]
    return next(iter([*of_fedsm, *not_baseline, *federated, *tested]), None)


def _references(tested: list[Method], subject: Method) -> list[tuple[Role, Method]]:
    """The first of each kind; without FedAvg the first other federated method is the baseline."""
    others = [method for method in tested if method is not subject]
    found: list[tuple[Role, Method]] = []
    for strategy, role in REFERENCES.items():
        of_kind = [method for method in others if _name(method) == strategy]
        if role == "baseline" and not of_kind:
            of_kind = [method for method in others if _name(method) not in REFERENCES]
        found += [(role, method) for method in of_kind[:1]]
    return found


def _method(cases: ExperimentCases, method: Method, query: Query) -> VerdictMethod:
    mean = _pooled_mean(cases, method, query)
    text = printed(mean, query.metric)
    return VerdictMethod(strategy_label=method.label, model=method.model, mean=mean, text=text)


def _pooled_mean(cases: ExperimentCases, method: Method, query: Query) -> float | None:
    """The mean over seeds of each seed's mean over cases, as the table has it."""
    means = []
    for run in method.runs:
        valued = valued_cases(cases.rows.get(run.id, []), method.model, query)
        mean = cases.column_value(run, method.model, query, None, valued).mean
        if mean is not None:
            means.append(mean)
    return sum(means) / len(means) if means else None


def _ahead(cases: ExperimentCases, query: Query, subject: Method, tested: list[Method]) -> Method | None:
    """Better as it is printed, and over the same cases; none where the main method was tested on fewer."""
    if cases.lacks(subject, None):
        return None
    sign = -1.0 if SCORES[query.metric].lower_is_better else 1.0

    def goodness(method: Method) -> float:
        mean = _pooled_mean(cases, method, query)
        return float("-inf") if mean is None or cases.lacks(method, None) else sign * float(printed(mean, query.metric))

    federated = [method for method in tested if _name(method) not in ("local-only", "centralized")]
    best = max(federated, key=goodness, default=subject)
    return best if goodness(best) > goodness(subject) else None


def _against(
    cases: ExperimentCases, query: Query, name: str, role: Role, other: Method, cells: list[ComparisonCell]
) -> VerdictAgainst:
    places = list(_places(cases, query, cells))
    places.sort(key=lambda place: place.site_slug is not None)
    method = _method(cases, other, query)
    pooled = next((cell for cell in cells if cell.site_slug is None), None)
    means = (
        printed(pooled.mean if pooled else None, query.metric),
        printed(pooled.baseline_mean if pooled else None, query.metric),
    )
    against = VerdictAgainst(role=role, method=method, places=places, words="")
    against.words = words.against_words(name, words.name_of(method, _has_several(other)), means, places)
    if role == "centralized":
        lower = SCORES[query.metric].lower_is_better
        against.words = words.centralized_words(against, name, lower, against.words)
    return against


def _places(cases: ExperimentCases, query: Query, cells: list[ComparisonCell]) -> Iterator[VerdictPlace]:
    lower = SCORES[query.metric].lower_is_better
    for cell in cells:
        if cell.difference is None:
            continue
        yield VerdictPlace(
            site_slug=cell.site_slug,
            site_name=cases.names.get(cell.site_slug, cell.site_slug) if cell.site_slug is not None else None,
            unseen=cell.unseen,
            relation=_relation(cell, lower),
            difference=cell.difference,
            low=cell.low,
            high=cell.high,
            p_holm=cell.p_holm,
            text=cell.difference_text,
            interval_text=cell.interval_text or "",
        )


def _relation(cell: ComparisonCell, lower_is_better: bool) -> Relation:
    if not cell.decidable:
        return "too_few"
    if cell.p_holm is None or cell.p_holm >= SIGNIFICANT or not cell.difference:
        return "level"
    return "better" if (cell.difference < 0) == lower_is_better else "worse"
