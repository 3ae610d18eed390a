"""Federations."""

from fastapi import APIRouter
from sqlalchemy import select

from backend.access.matrix import Permission
from backend.contracts.values import Id
from backend.db.lookup import get_row
from backend.db.models import Federation
from backend.dependencies import CallerDep, ReadSession, WriteSession
from backend.federations import service
from backend.federations.schemas import FederationCreate, FederationRecord, FederationUpdate
from backend.paging import PageDep
from backend.policy import CanCreateFederations, CanManageFederations, CanRead, MayListFederations
from backend.storage.dependencies import SweepAfter

router = APIRouter(prefix="/federations", tags=["federations"])


@router.get("")
def list_federations(
    _user: MayListFederations, caller: CallerDep, session: ReadSession, page: PageDep
) -> list[FederationRecord]:
    """The federations in which you have a role, the newest first."""
    query = select(Federation).order_by(Federation.created_at.desc(), Federation.id)
    if (seen := caller.federations(Permission.READ)) is not None:
        query = query.where(Federation.id.in_(seen))
    rows = page.rows(session, query, Federation.id)
    return service.federation_records(session, list(rows))


@router.post("", status_code=201)
def create_federation(user: CanCreateFederations, body: FederationCreate, session: WriteSession) -> FederationRecord:
    """Create a federation: what its sites segment together."""
    federation = service.create_federation(session, body, user)
    return service.federation_records(session, [federation])[0]


@router.get("/{federation_id}")
def get_federation(_user: CanRead, federation_id: Id, session: ReadSession) -> FederationRecord:
    return service.federation_records(session, [get_row(session, Federation, federation_id)])[0]


@router.patch("/{federation_id}")
def update_federation(
    user: CanManageFederations, federation_id: Id, body: FederationUpdate, session: WriteSession
) -> FederationRecord:
    """Rename, describe, archive or restore a federation."""
    federation = service.update_federation(session, federation_id, body, user)
    return service.federation_records(session, [federation])[0]


@router.delete("/{federation_id}", status_code=204)
def delete_federation(user: CanManageFederations, federation_id: Id, session: WriteSession, sweep: SweepAfter) -> None:
    """Delete a federation that has neither data sets nor experiments, with its sites."""
    service.delete_federation(session, federation_id, user)
    sweep()
