"""What runs ask of hospitals, and what the hospitals decided: to be read; hospitals decide on their own machines."""

from fastapi import APIRouter

from backend.consents import service
from backend.consents.schemas import ApprovalRecord
from backend.contracts.values import Id
from backend.db.lookup import get_row
from backend.db.models import Federation, Run
from backend.dependencies import ReadSession
from backend.paging import PageDep
from backend.policy import CanRead

router = APIRouter(tags=["consents"])


@router.get("/runs/{run_id}/approvals")
def list_run_approvals(_user: CanRead, run_id: Id, session: ReadSession, page: PageDep) -> list[ApprovalRecord]:
    """What the run asks of the hospitals among its sites, and their decisions; empty where all sites are simulated."""
    get_row(session, Run, run_id)
    return list(page.of(service.approvals_of_run(session, run_id), lambda record: record.id))


@router.get("/federations/{federation_id}/approvals")
def list_open_approvals(_user: CanRead, federation_id: Id, session: ReadSession, page: PageDep) -> list[ApprovalRecord]:
    """What the federation's runs under way still ask of its hospitals, and what these refused; the oldest first."""
    get_row(session, Federation, federation_id)
    return list(page.of(service.open_approvals(session, federation_id), lambda record: record.id))
