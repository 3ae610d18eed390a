"""Runs side by side."""

from typing import Annotated

from fastapi import APIRouter, Query

from backend.contracts.metrics import ScoreName
from backend.contracts.values import AtMost, Id, Label
from backend.dependencies import ReadSession
from backend.evaluations import scored_cases
from backend.evaluations.run_comparison import service
from backend.evaluations.run_comparison.schemas import RunComparison
from backend.evaluations.schemas import Checkpoint
from backend.policy import CanRead

router = APIRouter(tags=["results"])


@router.get("/federations/{federation_id}/run-comparison")
def compare_runs(
    _user: CanRead,
    federation_id: Id,
    run: Annotated[
        list[Id], AtMost(8), Query(description="Ids of two to eight runs; the first is what others differ from.")
    ],
    session: ReadSession,
    metric: ScoreName = "dice",
    structure: Annotated[Label | None, Query(description="Left out: the mean over structures.")] = None,
    checkpoint: Checkpoint = "best",
) -> RunComparison:
    """Runs of one federation side by side, also of different experiments: settings, costs, paired differences."""
    query = scored_cases.Query(metric, checkpoint, structure)
    return service.compare_runs(session, federation_id, run, query)
