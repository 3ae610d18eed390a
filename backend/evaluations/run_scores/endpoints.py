"""Test scores of many runs."""

from typing import Annotated

from fastapi import APIRouter, Query

from backend.contracts.values import Id
from backend.db.lookup import get_row
from backend.db.models import Federation, Run
from backend.dependencies import ReadSession
from backend.evaluations.run_scores import service
from backend.evaluations.run_scores.schemas import RunTestScores
from backend.paging import PageDep
from backend.policy import CanRead

router = APIRouter(tags=["results"])


@router.get("/federations/{federation_id}/test-scores")
def list_test_scores(
    _user: CanRead,
    federation_id: Id,
    session: ReadSession,
    page: PageDep,
    experiment_id: Annotated[Id | None, Query(description="Only runs of this experiment.")] = None,
) -> list[RunTestScores]:
    """Every completed run's means over its test cases, the newest first."""
    get_row(session, Federation, federation_id)
    runs = page.rows(session, service.tested_runs(federation_id, experiment_id), Run.id)
    return service.scores_of_runs(session, runs)
