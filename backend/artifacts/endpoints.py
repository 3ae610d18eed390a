"""Artifacts for the browser."""

from fastapi import APIRouter, Depends
from fastapi.responses import FileResponse

from backend.artifacts import service
from backend.dependencies import ArtifactsDep, ReadSession, get_current_user

router = APIRouter(tags=["artifacts"], dependencies=[Depends(get_current_user)])


@router.get("/artifacts/{sha256}", responses=service.FILE_RESPONSES, response_class=FileResponse)
def get_artifact(sha256: str, session: ReadSession, store: ArtifactsDep) -> FileResponse:
    """The bytes with this SHA-256: weights, a picture or a mask volume."""
    artifact = service.find_artifact(session, store, sha256)
    return service.file_response(store, artifact)
