"""Leakage between data sets, and between sites."""

from fastapi import APIRouter

from backend.contracts.values import Id
from backend.datasets.leakage import service
from backend.datasets.leakage.schemas import LeakageReport
from backend.db.lookup import get_row
from backend.db.models import Federation
from backend.dependencies import ReadSession
from backend.policy import CanReadData

router = APIRouter(tags=["datasets"])


@router.get("/federations/{federation_id}/leakage")
def get_federation_leakage(_user: CanReadData, federation_id: Id, session: ReadSession) -> LeakageReport:
    """Cases that are the same image, or nearly, and patients in several splits: within a site, and between the sites
    whose policy lets hashes of decoded images leave. Those of a test case and a training case come first."""
    return service.leakage_report(session, get_row(session, Federation, federation_id).id)
