"""The only endpoints that a worker calls."""

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse

from backend.artifacts import service as artifacts
from backend.contracts.tasks import (
    ClaimedTask,
    ClaimRequest,
    CompleteRequest,
    FailRequest,
    Heartbeat,
    ProgressAnswer,
    ProgressReport,
)
from backend.dependencies import (
    ArtifactsDep,
    PlatformDep,
    ReadSession,
    SettingsDep,
    WriteSession,
    get_worker,
)
from backend.rounds import reports
from backend.worker_api import service

router = APIRouter(prefix="/worker-api/v1", tags=["worker"], dependencies=[Depends(get_worker)])


@router.post("/tasks/{task_id}/claim")
def claim_task(task_id: str, body: ClaimRequest, session: WriteSession, settings: SettingsDep) -> ClaimedTask:
    """Take a queued task. 409 `task_not_claimable`: drop the message."""
    return reports.claim_task(session, task_id, body.worker, settings.lease_seconds)


@router.post("/tasks/{task_id}/progress")
def report_progress(task_id: str, body: ProgressReport, session: WriteSession, settings: SettingsDep) -> ProgressAnswer:
    """Renew the lease. 409 `attempt_superseded`: drop the work."""
    return reports.report_progress(session, task_id, body, settings.lease_seconds)


@router.post("/tasks/{task_id}/complete", status_code=204)
def complete_task(task_id: str, body: CompleteRequest, session: WriteSession) -> None:
    """Hand in a result, after its artifacts."""
    reports.complete_task(session, task_id, body)


@router.post("/tasks/{task_id}/fail", status_code=204)
def fail_task(task_id: str, body: FailRequest, session: WriteSession) -> None:
    """Say why the task cannot be done."""
    reports.fail_task(session, task_id, body)


@router.post("/heartbeat", status_code=204)
def send_heartbeat(body: Heartbeat, session: WriteSession) -> None:
    """Say that the worker lives, and what it serves."""
    service.store_heartbeat(session, body)


@router.put("/artifacts/{sha256}", status_code=204)
async def put_artifact(sha256: str, request: Request, platform: PlatformDep) -> None:
    """Upload raw bytes; they must hash to the address. Uploading twice is harmless."""
    media_type = request.headers.get("content-type", "")
    await artifacts.store_artifact(platform.database, platform.artifacts, sha256, media_type, request.stream())


@router.head("/artifacts/{sha256}")
def head_artifact(sha256: str, session: ReadSession, store: ArtifactsDep) -> Response:
    """200 if the artifact is there, 404 if not."""
    artifact = artifacts.find_artifact(session, store, sha256)
    headers = {"Content-Length": str(artifact.num_bytes), "ETag": f'"{sha256}"'}
    return Response(media_type=artifact.media_type, headers=headers)


@router.get("/artifacts/{sha256}", responses=artifacts.FILE_RESPONSES, response_class=FileResponse)
def download_artifact(sha256: str, session: ReadSession, store: ArtifactsDep) -> FileResponse:
    """Download raw bytes; check their hash."""
    artifact = artifacts.find_artifact(session, store, sha256)
    return artifacts.file_response(store, artifact)
