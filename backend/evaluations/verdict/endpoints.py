"""What an experiment's tests say, in a sentence and as data."""

from fastapi import APIRouter

from backend.access.matrix import Permission
from backend.contracts.values import Id
from backend.db.lookup import get_row
from backend.db.models import Experiment
from backend.dependencies import CallerDep, ReadSession
from backend.evaluations.parameters import CheckpointQuery, MetricQuery, StructureQuery
from backend.evaluations.scored_cases import Query
from backend.evaluations.verdict import service
from backend.evaluations.verdict.schemas import LatestResult, Verdict
from backend.policy import CanRead, MayListFederations

router = APIRouter(tags=["results"])


@router.get("/experiments/{experiment_id}/verdict")
def get_experiment_verdict(
    _user: CanRead,
    experiment_id: Id,
    session: ReadSession,
    metric: MetricQuery = "dice",
    structure: StructureQuery = None,
    checkpoint: CheckpointQuery = "best",
) -> Verdict:
    """Where FedSM, or the first other method, beats FedAvg, local-only and centralized training, and by how much: by
    the tests of the comparison with each, in sentences and as data."""
    query = Query(metric, checkpoint, structure)
    return service.experiment_verdict(session, get_row(session, Experiment, experiment_id), query)


@router.get("/latest-result")
def get_latest_result(_user: MayListFederations, caller: CallerDep, session: ReadSession) -> LatestResult | None:
    """The verdict of the experiment whose run ended last, in the federations in which you have a role; null while no
    run is completed."""
    seen = caller.federations(Permission.READ)
    return service.latest_result(session, None if seen is None else list(seen))
