"""The only endpoints that a worker calls."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse

from backend.artifacts import service as artifacts
from backend.contracts.artifacts import Sha256
from backend.contracts.tasks import (
    ClaimedTask,
    ClaimRequest,
    CompleteRequest,
    FailRequest,
    Heartbeat,
    KeptAtWorker,
    ProgressAnswer,
    ProgressReport,
)
from backend.contracts.values import Id
from backend.dependencies import (
    ArtifactsDep,
    PlatformDep,
    ReadSession,
    SettingsDep,
    WriteSession,
)
from backend.errors import error_response
from backend.ledger import worker_reports as reports
from backend.policy import AsWorker
from backend.worker_api import service
from backend.worker_api import task_kinds as task_kinds  # registers the owners of tasks

router = APIRouter(prefix="/worker-api/v1", tags=["worker"])


@router.post("/tasks/{task_id}/claim")
def claim_task(
    _worker: AsWorker, task_id: Id, body: ClaimRequest, session: WriteSession, settings: SettingsDep
) -> ClaimedTask:
    """Take a queued task. 409 `task_not_claimable`: drop the message."""
    return reports.claim_task(session, task_id, body.worker, settings.lease_seconds)


@router.post("/tasks/{task_id}/progress")
def report_progress(
    _worker: AsWorker, task_id: Id, body: ProgressReport, session: WriteSession, settings: SettingsDep
) -> ProgressAnswer:
    """Renew the lease. 409 `attempt_superseded`: drop the work."""
    return reports.report_progress(session, task_id, body, settings.lease_seconds)


@router.post("/tasks/{task_id}/complete", status_code=204, response_class=Response)
def complete_task(
    _worker: AsWorker,
    task_id: Id,
    body: CompleteRequest,
    request: Request,
    session: WriteSession,
    store: ArtifactsDep,
    platform: PlatformDep,
) -> Response:
    """Hand in a result, after its artifacts. 422: it cannot be used; of an update the attempt is over then."""
    refusal = reports.complete_task(session, store, task_id, body)
    if refusal is not None:  # answered, not raised: what the ledger says of it is kept
        return error_response(request, refusal.status_code, refusal.code, refusal.detail, fields=refusal.fields)
    if body.result.kind in ("aggregate_round", "evaluate_site"):  # updates and states that nobody needs any more
        platform.sweep_wanted.set()
    return Response(status_code=204)


@router.post("/tasks/{task_id}/fail", status_code=204)
def fail_task(_worker: AsWorker, task_id: Id, body: FailRequest, session: WriteSession) -> None:
    """Say why the task cannot be done."""
    reports.fail_task(session, task_id, body)


@router.post("/heartbeat", status_code=204)
def send_heartbeat(
    _worker: AsWorker, body: Heartbeat, session: WriteSession, store: ArtifactsDep, response: Response
) -> None:
    """Say that the worker lives, and what it serves. The answer's `X-FedSM-Removal` changes when artifacts were
    removed: then ask what of its cache is gone."""
    service.store_heartbeat(session, body)
    response.headers["X-FedSM-Removal"] = store.generation


@router.post("/gone")
def find_gone(_worker: AsWorker, body: KeptAtWorker, session: ReadSession) -> KeptAtWorker:
    """Of what a worker keeps on its disk, what nobody needs any more."""
    return service.what_is_gone(session, body)


@router.put("/artifacts/{sha256}", status_code=204)
async def put_artifact(_worker: AsWorker, sha256: Sha256, request: Request, platform: PlatformDep) -> None:
    """Upload raw bytes; they must hash to the address. Uploading twice is harmless."""
    media_type = request.headers.get("content-type", "")
    task_id = request.headers.get(artifacts.TASK_HEADER)
    await artifacts.store_artifact(platform.database, platform.artifacts, sha256, media_type, request.stream(), task_id)


@router.head("/artifacts/{sha256}")
def head_artifact(
    _worker: AsWorker, sha256: Sha256, request: Request, session: WriteSession, store: ArtifactsDep
) -> Response:
    """200 if the artifact is there and whole, so that it need not be sent; 404 if not."""
    artifact = artifacts.find_for_upload(session, store, sha256, request.headers.get(artifacts.TASK_HEADER))
    headers = {"Content-Length": str(artifact.num_bytes), "ETag": f'"{sha256}"'}
    return Response(media_type=artifact.media_type, headers=headers)


@router.get("/artifacts/{sha256}", responses=artifacts.FILE_RESPONSES, response_class=FileResponse)
def download_artifact(
    _worker: AsWorker, sha256: Sha256, request: Request, session: ReadSession, store: ArtifactsDep
) -> Response:
    """Download raw bytes; check their hash."""
    return artifacts.file_response(request, store, artifacts.find_artifact(session, sha256))
