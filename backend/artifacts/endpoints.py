"""Artifacts for the browser."""

from typing import Any

from fastapi import APIRouter, Depends
from fastapi.responses import FileResponse

from backend.artifacts import service
from backend.dependencies import ArtifactsDep, ReadSession, get_current_user

router = APIRouter(tags=["artifacts"], dependencies=[Depends(get_current_user)])

#: Content-addressed: what lies under a hash never changes.
CACHE_HEADERS = {"Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
FILE_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.get("/artifacts/{sha256}", responses=FILE_RESPONSES, response_class=FileResponse)
def get_artifact(sha256: str, session: ReadSession, store: ArtifactsDep) -> FileResponse:
    """The bytes with this SHA-256: weights, a picture or a mask volume."""
    artifact = service.find_artifact(session, store, sha256)
    headers = CACHE_HEADERS | {"ETag": f'"{sha256}"'}
    return FileResponse(store.path(sha256), media_type=artifact.media_type, headers=headers)
