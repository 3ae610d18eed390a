"""The plan of a sweep."""

from fastapi import APIRouter

from backend.contracts.values import Id
from backend.dependencies import ReadSession
from backend.experiments.sweeps.schemas import SweepCreate, SweepPlan
from backend.experiments.sweeps.service import planned, points_of
from backend.policy import CanRunExperiments, NamedInBody

router = APIRouter(tags=["experiments"])


@router.post("/federations/{federation_id}/experiments/sweep")
def plan_sweep(
    _user: CanRunExperiments, federation_id: Id, body: SweepCreate, named: NamedInBody, session: ReadSession
) -> SweepPlan:
    """What a grid over settings would make, without creating anything.

    A method's setting makes more methods of one experiment; a setting that all methods share makes more experiments.
    """
    points = points_of(body)
    for point in points:  # an axis may name other runs than the configuration does
        named.require_start(point.config)
    return planned(session, federation_id, body.name, points)
