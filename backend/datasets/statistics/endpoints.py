"""Federated statistics."""

from fastapi import APIRouter

from backend.contracts.values import Id
from backend.datasets.statistics import service
from backend.datasets.statistics.schemas import FederationStatistics
from backend.db.lookup import get_row
from backend.db.models import Federation
from backend.dependencies import ReadSession
from backend.policy import CanFollow

router = APIRouter(tags=["datasets"])


@router.get("/federations/{federation_id}/statistics")
def get_federation_statistics(_user: CanFollow, federation_id: Id, session: ReadSession) -> FederationStatistics:
    """Each site's cases side by side, and how far apart the sites are. Each site computed its own sums; a split with
    fewer cases than its site's policy allows to state is left out of every number."""
    return service.federation_statistics(session, get_row(session, Federation, federation_id))
