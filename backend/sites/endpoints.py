"""Sites."""

from fastapi import APIRouter

from backend.contracts.values import Id
from backend.db.lookup import get_row
from backend.db.models import Site
from backend.dependencies import ReadSession, WriteSession
from backend.policy import CanManageFederations, CanManageSites, CanRead
from backend.sites import service
from backend.sites.schemas import SiteCreate, SiteRecord, SiteUpdate

router = APIRouter(tags=["sites"])


@router.post("/federations/{federation_id}/sites", status_code=201)
def create_site(user: CanManageFederations, federation_id: Id, body: SiteCreate, session: WriteSession) -> SiteRecord:
    """Add a site to a federation. Its position is the site order."""
    site = service.create_site(session, federation_id, body, user)
    return service.site_records(session, [site])[0]


@router.get("/sites/{site_id}")
def get_site(_user: CanRead, site_id: Id, session: ReadSession) -> SiteRecord:
    return service.site_records(session, [get_row(session, Site, site_id)])[0]


@router.patch("/sites/{site_id}")
def update_site(user: CanManageSites, site_id: Id, body: SiteUpdate, session: WriteSession) -> SiteRecord:
    """Rename, describe, archive or restore a site, or change its policy; its slug stays."""
    site = service.update_site(session, site_id, body, user)
    return service.site_records(session, [site])[0]
