"""Joining: the coordinator's side, and the one request of a hospital that no credential signs yet."""

from fastapi import APIRouter, Request

from backend.contracts.link import JoinAnswer, JoinRequest, SiteKit
from backend.contracts.values import Id
from backend.db.models import Site
from backend.dependencies import CallerDep, PlatformDep, SettingsDep, WriteSession
from backend.error_answers import AGENT_RESPONSES
from backend.errors import AgentOutdated, RequestSignatureRefused
from backend.link import signatures
from backend.link.versions import AGENT_HEADER, protocol_problem
from backend.policy import Anybody, CanManageFederations
from backend.sites import service as sites
from backend.sites.enrolment import service
from backend.sites.enrolment.identity import verify
from backend.sites.enrolment.schemas import AcceptSite, RevokeSite
from backend.sites.schemas import SiteRecord
from backend.users import tokens

router = APIRouter(tags=["sites"])


@router.post("/sites/{site_id}/invitation", status_code=201)
def invite_site(
    user: CanManageFederations,
    site_id: Id,
    session: WriteSession,
    settings: SettingsDep,
    platform: PlatformDep,
    caller: CallerDep,
) -> SiteKit:
    """Make the kit with which a hospital joins as this site. It is shown once; its code is good for 24 hours, once. A
    new kit voids the one before. 403 for a personal token, because the kit outlives it."""
    tokens.require_person(caller, "invite a hospital")
    return service.invite(session, site_id, settings.address, platform.server_key.public, user)


@router.post("/sites/{site_id}/credential/accept")
def accept_site(
    user: CanManageFederations, site_id: Id, body: AcceptSite, session: WriteSession, caller: CallerDep
) -> SiteRecord:
    """Let a site in that asked to join, after the six words were compared; or let a stopped credential work again. An
    earlier credential of the site ends. 403 for a personal token."""
    tokens.require_person(caller, "let a hospital in")
    return _record(session, service.accept(session, site_id, body.fingerprint, user))


@router.post("/sites/{site_id}/credential/revoke")
def revoke_site(user: CanManageFederations, site_id: Id, body: RevokeSite, session: WriteSession) -> SiteRecord:
    """End a site's credential, or refuse one that asked to join. Runs go on without the site under their quorum."""
    return _record(session, service.revoke(session, site_id, body.reason, user))


@router.post("/join", status_code=201, responses=AGENT_RESPONSES)
def join(
    _anybody: Anybody, body: JoinRequest, request: Request, session: WriteSession, platform: PlatformDep
) -> JoinAnswer:
    """Ask to join with a kit's code, from `fedsm site join`. The request is signed (RFC 9421) with the key that it
    brings; nobody is let in before a person accepts it."""
    if (problem := protocol_problem(request.headers.get(AGENT_HEADER))) is not None:
        raise AgentOutdated(problem)
    try:
        verify(request, service.public_key(body.public_key), signatures.read_signature(request.headers))
    except signatures.SignatureRefused as error:
        raise RequestSignatureRefused(str(error)) from None
    return service.join(session, body, platform.server_key.public)


def _record(session: WriteSession, site: Site) -> SiteRecord:
    session.flush()
    return sites.site_records(session, [site])[0]
