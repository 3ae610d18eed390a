"""Artifacts for the browser."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse

from backend.artifacts import access, service
from backend.contracts.artifacts import Sha256
from backend.dependencies import ArtifactsDep, CallerDep, ReadSession
from backend.policy import CanReadCasesSomewhere

router = APIRouter(tags=["artifacts"])


@router.get("/artifacts/{sha256}", responses=service.FILE_RESPONSES, response_class=FileResponse)
def get_artifact(
    _user: CanReadCasesSomewhere,
    caller: CallerDep,
    sha256: Sha256,
    request: Request,
    session: ReadSession,
    store: ArtifactsDep,
) -> Response:
    """The bytes with this SHA-256, weights, a picture or a mask volume: while something that may be shown names it."""
    service.check_sha256(sha256)
    access.require_shown(session, sha256, caller)
    return service.file_response(request, store, service.find_artifact(session, sha256))
