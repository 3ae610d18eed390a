"""Results of experiments and scored cases of runs."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from backend.contracts.metrics import ModelKind
from backend.contracts.values import Id, Label
from backend.csv_text import CsvResponse
from backend.db.lookup import get_row
from backend.db.models import Experiment, Run
from backend.dependencies import ReadSession
from backend.evaluations import (
    comparison,
    exports,
    matrix,
    provenance,
    results,
    scored_cases,
    selector,
    service,
    shown_table,
)
from backend.evaluations.effort import service as effort
from backend.evaluations.effort.schemas import RunEffort
from backend.evaluations.parameters import CheckpointQuery, LatexResponse, MetricQuery, StructureQuery
from backend.evaluations.schemas import (
    AllResults,
    Checkpoint,
    Comparison,
    ExperimentProvenance,
    ExperimentResults,
    RunHistory,
    RunMatrix,
    ShownTable,
    SortOrder,
)
from backend.evaluations.selector_schemas import RunSelector, SelectorCases
from backend.evaluations.verdict import service as verdict
from backend.policy import CanRead, CanReadCases
from backend.runs.schemas import CaseSplit, RunCases
from backend.site_names import site_names

router = APIRouter(tags=["results"])

BaselineQuery = Annotated[Label, Query(description="Label of the strategy that the others are compared with.")]

BaselineModelQuery = Annotated[
    ModelKind | None, Query(description="The baseline's model; left out: its super or personalized one if it has one.")
]


@router.get("/experiments/{experiment_id}/results")
def get_experiment_results(
    _user: CanRead,
    experiment_id: Id,
    session: ReadSession,
    metric: MetricQuery = "dice",
    checkpoint: CheckpointQuery = "best",
) -> ExperimentResults:
    """One metric of every method, model, site and structure on the test cases; and what the selector chose."""
    experiment = get_row(session, Experiment, experiment_id)
    return results.experiment_results(session, experiment, scored_cases.Query(metric, checkpoint))


@router.get("/experiments/{experiment_id}/provenance")
def get_experiment_provenance(_user: CanRead, experiment_id: Id, session: ReadSession) -> ExperimentProvenance:
    """Who made the experiment, when it ran, and the fingerprints of the data that its runs had."""
    return provenance.experiment_provenance(session, get_row(session, Experiment, experiment_id))


@router.get("/runs/{run_id}/effort")
def get_run_effort(_user: CanRead, run_id: Id, session: ReadSession) -> RunEffort:
    """What the training took: gradient steps and images of each model, seconds and bytes, in all and up to each
    round."""
    return effort.run_effort(session, get_row(session, Run, run_id))


@router.get("/experiments/{experiment_id}/comparison")
def compare_methods(
    _user: CanRead,
    experiment_id: Id,
    session: ReadSession,
    baseline: BaselineQuery,
    model: BaselineModelQuery = None,
    metric: MetricQuery = "dice",
    structure: StructureQuery = None,
    checkpoint: CheckpointQuery = "best",
) -> Comparison:
    """Every method against one: mean difference with a bootstrap interval, and a paired test on cases, by site and
    pooled."""
    experiment = get_row(session, Experiment, experiment_id)
    query = scored_cases.Query(metric, checkpoint, structure)
    return comparison.compare(session, experiment, baseline, model, query)


@router.get("/experiments/{experiment_id}/results.csv", response_class=CsvResponse)
def download_results_csv(
    _user: CanRead, experiment_id: Id, session: ReadSession, checkpoint: CheckpointQuery = "best"
) -> CsvResponse:
    """All cells of all metrics as CSV."""
    experiment = get_row(session, Experiment, experiment_id)
    text = exports.results_csv(results.all_results(session, experiment, checkpoint))
    return CsvResponse(text, headers=_attachment(experiment, checkpoint, "results.csv"))


@router.get("/experiments/{experiment_id}/cases.csv", response_class=CsvResponse)
def download_cases_csv(
    _user: CanReadCases, experiment_id: Id, session: ReadSession, checkpoint: CheckpointQuery = "best"
) -> CsvResponse:
    """Every score of every test case, model and structure as CSV."""
    experiment = get_row(session, Experiment, experiment_id)
    text = exports.cases_csv(scored_cases.experiment_cases(session, experiment, checkpoint), checkpoint)
    return CsvResponse(text, headers=_attachment(experiment, checkpoint, "cases.csv"))


@router.get("/experiments/{experiment_id}/results.json")
def download_results_json(
    _user: CanReadCases, experiment_id: Id, session: ReadSession, checkpoint: CheckpointQuery = "best"
) -> AllResults:
    """All cells of all metrics as JSON."""
    return results.all_results(session, get_row(session, Experiment, experiment_id), checkpoint)


def shown(
    experiment_id: Id,
    session: ReadSession,
    metric: MetricQuery = "dice",
    structure: StructureQuery = None,
    checkpoint: CheckpointQuery = "best",
    baseline: Annotated[Label | None, Query(description="Tested against the others; left out: no differences.")] = None,
    model: BaselineModelQuery = None,
    sort: Annotated[Label | None, Query(description="Column: `all`, `worst` or `site/<slug>`.")] = None,
    order: Annotated[SortOrder, Query(description="Which rows come first.")] = "best",
) -> ShownTable:
    experiment = get_row(session, Experiment, experiment_id)
    cases = scored_cases.experiment_cases(session, experiment, checkpoint)
    query = scored_cases.Query(metric, checkpoint, structure)
    return shown_table.shown_table(cases, query, baseline, model, sort, order)


ShownDep = Annotated[ShownTable, Depends(shown)]


@router.get("/experiments/{experiment_id}/table.json")
def download_shown_table(_user: CanRead, table: ShownDep) -> ShownTable:
    """One metric's table as the results page shows it, with the differences from a baseline where one is named."""
    return table


@router.get("/experiments/{experiment_id}/table.csv", response_class=CsvResponse)
def download_shown_csv(_user: CanRead, table: ShownDep) -> CsvResponse:
    """The table as the results page shows it: a line a row, of each column mean, deviation, n and difference."""
    return CsvResponse(exports.table_csv(table), headers=_shown_attachment(table, "csv"))


@router.get("/experiments/{experiment_id}/results.tex", response_class=LatexResponse)
def download_results_latex(_user: CanRead, experiment_id: Id, session: ReadSession, table: ShownDep) -> LatexResponse:
    """The verdict, and the table as the results page shows it, in LaTeX (booktabs): mean and deviation over seeds, the
    best in bold."""
    query = scored_cases.Query(table.metric, table.checkpoint, table.structure)
    found = verdict.experiment_verdict(session, get_row(session, Experiment, experiment_id), query)
    sentences = [found.headline, *found.details] if found.against else []
    names = site_names(session, get_row(session, Experiment, experiment_id).federation_id)
    return LatexResponse(exports.results_latex(table, sentences, names), headers=_shown_attachment(table, "tex"))


@router.get("/runs/{run_id}/cases")
def list_run_cases(
    _user: CanReadCases,
    run_id: Id,
    session: ReadSession,
    split: Annotated[CaseSplit, Query(description="Of the cases; no result is made of validation cases.")] = "test",
) -> RunCases:
    """Cases of the run's best round: scores, masks of test cases, and which model the super model chose."""
    return service.run_cases(session, get_row(session, Run, run_id), split)


@router.get("/runs/{run_id}/history")
def get_run_history(_user: CanReadCases, run_id: Id, session: ReadSession) -> RunHistory:
    """Masks and Dice of a few test cases over the rounds, for a look at how predictions grew."""
    return service.run_history(session, get_row(session, Run, run_id))


@router.get("/runs/{run_id}/matrix")
def get_run_matrix(
    _user: CanRead,
    run_id: Id,
    session: ReadSession,
    metric: MetricQuery = "dice",
    structure: StructureQuery = None,
    checkpoint: CheckpointQuery = "best",
) -> RunMatrix:
    """The personalization matrix: every model on every site's test cases, with oracle routing and the super model."""
    query = scored_cases.Query(metric, checkpoint, structure)
    return matrix.run_matrix(session, get_row(session, Run, run_id), query)


@router.get("/runs/{run_id}/selector")
def get_run_selector(
    _user: CanRead,
    run_id: Id,
    session: ReadSession,
    metric: MetricQuery = "dice",
    structure: StructureQuery = None,
    checkpoint: CheckpointQuery = "best",
) -> RunSelector:
    """The model selector on the test cases: confusion, accuracy, calibration, and the super model at every gamma."""
    query = scored_cases.Query(metric, checkpoint, structure)
    return selector.run_selector(session, get_row(session, Run, run_id), query)


@router.get("/runs/{run_id}/selector/cases")
def list_selector_cases(
    _user: CanReadCases,
    run_id: Id,
    session: ReadSession,
    metric: MetricQuery = "dice",
    structure: StructureQuery = None,
    checkpoint: CheckpointQuery = "best",
) -> SelectorCases:
    """Case by case, as columns, what the super model's score at any threshold is made of."""
    query = scored_cases.Query(metric, checkpoint, structure)
    return selector.selector_cases(session, get_row(session, Run, run_id), query)


def _shown_attachment(table: ShownTable, ending: str) -> dict[str, str]:
    name = f"experiment-{table.experiment_id}-{table.checkpoint}-{table.metric}.{ending}"
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def _attachment(experiment: Experiment, checkpoint: Checkpoint, ending: str) -> dict[str, str]:
    name = f"experiment-{experiment.id}-{checkpoint}-{ending}"
    return {"Content-Disposition": f'attachment; filename="{name}"'}
