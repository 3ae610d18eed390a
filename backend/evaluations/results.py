"""The results table of an experiment: methods x sites x structures, and what the selector did."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean, stdev
from typing import Literal

from sqlalchemy.orm import Session

from backend.contracts.case_values import most_probable as most_probable
from backend.contracts.metrics import SCORES, DistanceUnit
from backend.db.models import Experiment, Run
from backend.evaluations.hierarchical import words_of_seeds
from backend.evaluations.schemas import (
    AllResults,
    Checkpoint,
    ConfusionRow,
    ExperimentResults,
    LackingCases,
    ResultCell,
    SelectorResult,
    StructureTable,
)
from backend.evaluations.scored_cases import (
    GLOBAL,
    ExperimentCases,
    Method,
    Query,
    TestedCaseScores,
    experiment_cases,
    places_of,
    valued_cases,
)
from backend.evaluations.student_cost import costs_of
from backend.evaluations.student_schemas import StudentCost
from backend.evaluations.summaries import ColumnValue, StatedSites
from backend.evaluations.table_notes import notes_of
from backend.evaluations.table_rows import columns_of, rows_of, with_efforts, with_students


def experiment_results(session: Session, experiment: Experiment, query: Query) -> ExperimentResults:
    """Means over cases, then mean and standard deviation over seeds; of every structure and of their mean."""
    return table_of(experiment_cases(session, experiment, query.checkpoint), query)


def all_results(session: Session, experiment: Experiment, checkpoint: Checkpoint) -> AllResults:
    cases = experiment_cases(session, experiment, checkpoint)
    costs = costs_of(cases)
    tables = [table_of(cases, Query(metric, checkpoint), costs) for metric in SCORES]
    return AllResults(experiment_id=experiment.id, name=experiment.name, results=tables)


def table_of(cases: ExperimentCases, query: Query, costs: Mapping[str, StudentCost] | None = None) -> ExperimentResults:
    """costs: of students, by the method's label; left out: they are worked out."""
    costs = costs_of(cases) if costs is None else costs
    columns, cells = columns_of(cases.places.all, cases.places.unseen), list(_cells(cases, query))
    return ExperimentResults(
        experiment_id=cases.experiment.id,
        metric=query.metric,
        checkpoint=query.checkpoint,
        higher_is_better=not SCORES[query.metric].lower_is_better,
        unit=distance_unit(cases.rows, cases.stated) if SCORES[query.metric].quantity == "distance" else None,
        nsd_tolerance=cases.experiment.config.evaluation.nsd_tolerance,
        structures=cases.structures,
        sites=cases.places.all,
        unseen_sites=cases.places.unseen,
        cells=cells,
        columns=columns,
        tables=[
            StructureTable(
                structure=structure,
                rows=with_students(
                    with_efforts(rows_of(cells, structure, query.metric, columns), cases.training.efforts), costs
                ),
            )
            for structure in [None, *cases.structures]
        ],
        selectors=[
            selector
            for run in cases.runs
            if (trained := [slug for slug in places_of(run).training if run.spec and slug in run.spec.sites])
            and (selector := _selector(cases, run, trained)) is not None
        ],
        complete=cases.complete,
        notes=notes_of(cases),
        remarks=cases.training.remarks,
        words_of_seeds=seeds_of_table(cases),
    )


def seeds_of_table(cases: ExperimentCases) -> str:
    """What the seeds allow one to say; of the method with the fewest that are tested."""
    tested: dict[str, set[int]] = defaultdict(set)
    for run in cases.runs:
        if cases.is_tested(run):
            tested[run.strategy_label].add(run.seed)
    return words_of_seeds(min(map(len, tested.values()), default=1))


def distance_unit(
    rows: Mapping[str, Sequence[TestedCaseScores]], stated: Mapping[str, StatedSites]
) -> DistanceUnit | Literal["mixed"] | None:
    """Of the scores of runs, by run id; None before any case was scored."""
    units = {row.distance_unit for of_run in rows.values() for row in of_run}
    of_sites = (site.summary.distance_unit for sites in stated.values() for site in sites.values())
    units |= {unit for unit in of_sites if unit is not None}
    if len(units) > 1:
        return "mixed"
    return "mm" if units == {"mm"} else "px" if units else None


def _cells(cases: ExperimentCases, query: Query) -> Iterator[ResultCell]:
    """By method, column and structure, the mean over structures last."""
    of_structures = [Query(query.metric, query.checkpoint, structure) for structure in [*cases.structures, None]]
    for method in cases.methods():
        valued = [
            [(run, valued_cases(cases.rows[run.id], method.model, of_cell)) for run in method.runs]
            for of_cell in of_structures
        ]
        for slug in cases.places.columns:
            lacks = cases.lacks(method, slug)
            for of_cell, of_seeds in zip(of_structures, valued, strict=True):
                per_seed = [cases.column_value(run, method.model, of_cell, slug, of_run) for run, of_run in of_seeds]
                yield _cell(cases, method, slug, of_cell, per_seed, lacks)


def _cell(
    cases: ExperimentCases,
    method: Method,
    slug: str | None,
    query: Query,
    per_seed: list[ColumnValue],
    lacks: LackingCases | None,
) -> ResultCell:
    means = [value.mean for value in per_seed if value.mean is not None]
    return ResultCell(
        strategy_label=method.label,
        model=method.model,
        metric=query.metric,
        site_slug=slug,
        unseen=slug in cases.places.unseen,
        structure=query.structure,
        mean=fmean(means) if means else None,
        std=stdev(means) if len(means) > 1 else None,
        num_cases=max((value.num_cases for value in per_seed), default=0),
        num_fewest=min((value.num_cases for value in per_seed if value.num_cases), default=0),
        lacks=lacks,
        num_missing=max((value.num_missing for value in per_seed), default=0),
        num_misses=max((value.num_misses for value in per_seed), default=0),
        num_seeds=len(means),
    )


def _selector(cases: ExperimentCases, run: Run, training: list[str]) -> SelectorResult | None:
    """Accuracy is of the most probable site, whether or not its model was then used. None where nothing was routed."""
    rows = [row for row in cases.rows[run.id] if row.probabilities and row.site_slug in training]
    confusion = {slug: confusion_row([row for row in rows if row.site_slug == slug]) for slug in training}
    num_global = sum(row.chosen_model == GLOBAL for row in rows)
    for slug, site in cases.stated_of(run).items():
        if slug in training and (routing := site.summary.routing) is not None:
            confusion[slug].update(routing.chosen)
            num_global += routing.num_global
    num_cases = sum(map(Counter.total, confusion.values()))
    if not num_cases:
        return None
    return SelectorResult(
        run_id=run.id,
        strategy_label=run.strategy_label,
        seed=run.seed,
        accuracy=sum(confusion[slug][slug] for slug in training) / num_cases,
        share_global=num_global / num_cases,
        num_cases=num_cases,
        confusion=[
            ConfusionRow(site_slug=slug, chosen={chosen: confusion[slug][chosen] for chosen in training})
            for slug in training
        ],
    )


def confusion_row(rows: list[TestedCaseScores]) -> Counter[str]:
    """How often each site is the most probable one."""
    return Counter(most_probable(row.probabilities) for row in rows if row.probabilities)
