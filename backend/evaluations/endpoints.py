"""Results of experiments and scored cases of runs."""

from fastapi import APIRouter, Depends
from fastapi.responses import PlainTextResponse

from backend.db.lookup import get_row
from backend.db.models import Experiment, Run
from backend.dependencies import ReadSession, get_current_user
from backend.evaluations import results, service
from backend.experiments.schemas import ExperimentResults
from backend.runs.schemas import RunCases

router = APIRouter(tags=["results"], dependencies=[Depends(get_current_user)])


@router.get("/experiments/{experiment_id}/results")
def get_experiment_results(experiment_id: str, session: ReadSession) -> ExperimentResults:
    """Test Dice of every method, model, site and structure; and what the selector chose."""
    return results.experiment_results(session, get_row(session, Experiment, experiment_id))


class CsvResponse(PlainTextResponse):
    media_type = "text/csv"


@router.get("/experiments/{experiment_id}/results.csv", response_class=CsvResponse)
def download_experiment_results(experiment_id: str, session: ReadSession) -> CsvResponse:
    """The same table as CSV."""
    experiment = get_row(session, Experiment, experiment_id)
    headers = {"Content-Disposition": f'attachment; filename="experiment-{experiment.id}.csv"'}
    return CsvResponse(results.results_csv(results.experiment_results(session, experiment)), headers=headers)


@router.get("/runs/{run_id}/cases")
def list_run_cases(run_id: str, session: ReadSession) -> RunCases:
    """Test cases of the run's best round: scores, masks, and which model the super model chose."""
    return service.run_cases(session, get_row(session, Run, run_id))
