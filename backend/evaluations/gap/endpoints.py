"""The gap to centralized training, taken apart: as JSON, CSV and LaTeX."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from backend.contracts.values import Id, Label
from backend.csv_text import CsvResponse
from backend.db.lookup import get_row
from backend.db.models import Experiment
from backend.dependencies import ReadSession
from backend.evaluations.gap import exports, service
from backend.evaluations.gap.schemas import Gap
from backend.evaluations.parameters import LatexResponse, MetricQuery, StructureQuery
from backend.evaluations.scored_cases import minimum_counts
from backend.policy import CanRead
from backend.site_names import site_names

router = APIRouter(prefix="/experiments/{experiment_id}", tags=["results"])

MethodQuery = Annotated[
    Label | None, Query(description="Label of the method that is taken apart; left out: FedSM, else the first.")
]


def taken_apart(
    experiment_id: Id,
    session: ReadSession,
    method: MethodQuery = None,
    metric: MetricQuery = "dice",
    structure: StructureQuery = None,
) -> Gap:
    experiment = get_row(session, Experiment, experiment_id)
    return service.experiment_gap(session, experiment, method, metric, structure)


GapDep = Annotated[Gap, Depends(taken_apart)]


@router.get("/gap")
def get_experiment_gap(_user: CanRead, gap: GapDep) -> Gap:
    """Where a method's score is lost against centralized training, and won back: optimization, drift, personalization,
    routing, threshold and checkpoint, by site and pooled, with intervals over seeds and cases."""
    return gap


@router.get("/gap.csv", response_class=CsvResponse)
def download_gap_csv(_user: CanRead, gap: GapDep, session: ReadSession) -> CsvResponse:
    """Every mean, term, interval and bound as CSV."""
    federation_id = get_row(session, Experiment, gap.experiment_id).federation_id
    return CsvResponse(exports.gap_csv(gap, minimum_counts(session, federation_id)), headers=_attachment(gap, "csv"))


@router.get("/gap.tex", response_class=LatexResponse)
def download_gap_latex(_user: CanRead, gap: GapDep, session: ReadSession) -> LatexResponse:
    """Means and terms in turn as a LaTeX table (booktabs)."""
    federation_id = get_row(session, Experiment, gap.experiment_id).federation_id
    counts, names = minimum_counts(session, federation_id), site_names(session, federation_id)
    return LatexResponse(exports.gap_latex(gap, counts, names), headers=_attachment(gap, "tex"))


def _attachment(gap: Gap, ending: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="experiment-{gap.experiment_id}-gap-{gap.metric}.{ending}"'}
