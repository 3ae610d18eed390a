"""The only endpoints that a worker calls, and a hospital's agent for its workers."""

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse

from backend.artifacts import service as artifacts
from backend.audit import heads
from backend.consents import service as consents
from backend.contracts.artifacts import Sha256
from backend.contracts.audit import AuditAnswer, AuditQuestion
from backend.contracts.consent import ApprovalSheet, AskedApprovals, SignedConsent
from backend.contracts.link import NewKey, PollAnswer, PollRequest, RemainsAtHub
from backend.contracts.log_lines import CORRELATION_HEADER
from backend.contracts.tasks import (
    ClaimedTask,
    ClaimRequest,
    CompleteRequest,
    FailRequest,
    ProgressAnswer,
    ProgressReport,
)
from backend.contracts.values import Id
from backend.contracts.worker_state import Heartbeat, KeptAtWorker, ReceivedBytes
from backend.db.session import read_only, unit_of_work
from backend.dependencies import (
    ArtifactsDep,
    PlatformDep,
    ReadSession,
    SettingsDep,
    WriteSession,
)
from backend.error_answers import AGENT_RESPONSES, error_response
from backend.ledger import worker_reports as reports
from backend.platform import Platform
from backend.policy import AsWorker
from backend.sites.enrolment import renewal
from backend.sites.enrolment.identity import SiteWorker, WorkerIdentity
from backend.worker_api import polling, scope, service
from backend.worker_api import task_kinds as task_kinds  # registers the owners of tasks

router = APIRouter(prefix="/worker-api/v1", tags=["worker"], responses=AGENT_RESPONSES)


@router.post("/tasks/{task_id}/claim")
def claim_task(
    worker: AsWorker,
    task_id: Id,
    body: ClaimRequest,
    session: WriteSession,
    settings: SettingsDep,
    response: Response,
) -> ClaimedTask:
    """Take a queued task. 409 `task_not_claimable`: drop the message. The answer's `X-Correlation-ID` is that of the
    request that the task goes back to, for the worker's log."""
    scope.require_claimable(session, worker, task_id)
    name = worker.named(body.worker) if isinstance(worker, SiteWorker) else body.worker
    claimed = reports.claim_task(session, task_id, name, settings.lease_seconds)
    scope.grant(session, worker, claimed)
    if (origin := reports.correlation_id_of(session, task_id)) is not None:
        response.headers[CORRELATION_HEADER] = origin
    return claimed


@router.post("/tasks/{task_id}/progress")
def report_progress(
    worker: AsWorker, task_id: Id, body: ProgressReport, session: WriteSession, settings: SettingsDep
) -> ProgressAnswer:
    """Renew the lease. 409 `attempt_superseded`: drop the work."""
    scope.require_claimed(session, worker, task_id)
    return reports.report_progress(session, task_id, body, settings.lease_seconds)


@router.post("/tasks/{task_id}/complete", status_code=204, response_class=Response)
def complete_task(
    worker: AsWorker,
    task_id: Id,
    body: CompleteRequest,
    request: Request,
    session: WriteSession,
    store: ArtifactsDep,
    platform: PlatformDep,
) -> Response:
    """Hand in a result, after its artifacts. 422: it cannot be used; of an update the attempt is over then."""
    scope.require_claimed(session, worker, task_id)
    scope.require_own_files(session, worker, task_id, body.result)
    refusal = reports.complete_task(session, store, task_id, body)
    if refusal is not None:  # answered, not raised: what the ledger says of it is kept
        return error_response(request, refusal.status_code, refusal.code, refusal.detail, fields=refusal.fields)
    if body.result.kind in ("aggregate_round", "evaluate_site"):  # updates and states that nobody needs any more
        platform.sweep_wanted.set()
    return Response(status_code=204)


@router.post("/tasks/{task_id}/fail", status_code=204)
def fail_task(worker: AsWorker, task_id: Id, body: FailRequest, session: WriteSession) -> None:
    """Say why the task cannot be done."""
    scope.require_claimed(session, worker, task_id)
    reports.fail_task(session, task_id, body)


@router.post("/heartbeat", status_code=204)
def send_heartbeat(
    worker: AsWorker, body: Heartbeat, session: WriteSession, store: ArtifactsDep, response: Response
) -> None:
    """Say that the worker lives, and what it serves. The answer's `X-FedSM-Removal` changes when artifacts were
    removed: then ask what of its cache is gone."""
    service.store_heartbeat(session, worker, body)
    response.headers["X-FedSM-Removal"] = store.generation


@router.post("/gone")
def find_gone(worker: AsWorker, body: KeptAtWorker, session: ReadSession) -> KeptAtWorker:
    """Of what a worker keeps on its disk, what nobody needs any more."""
    if isinstance(worker, SiteWorker):
        return scope.what_is_gone(session, worker, body)
    return service.what_is_gone(session, body)


@router.put("/artifacts/{sha256}", status_code=204)
async def put_artifact(worker: AsWorker, sha256: Sha256, request: Request, platform: PlatformDep) -> None:
    """Upload raw bytes; they must hash to the address. Uploading twice is harmless. With `Content-Range: bytes
    START-LAST/TOTAL` an upload of the same task that broke off goes on; 409 `upload_moved`: it stands elsewhere."""
    start = artifacts.start_of(request.headers.get("content-range"))
    media_type = request.headers.get("content-type", "")
    task_id = request.headers.get(artifacts.TASK_HEADER)
    await run_in_threadpool(_require_upload, platform, worker, task_id)
    await artifacts.store_artifact(
        platform.database, platform.artifacts, sha256, media_type, request.stream(), task_id, start
    )


@router.get("/artifacts/{sha256}/received")
def find_received(
    worker: AsWorker, sha256: Sha256, request: Request, session: ReadSession, store: ArtifactsDep
) -> ReceivedBytes:
    """How much is here of an upload that broke off, of the task that `X-FedSM-Task` names."""
    task_id = request.headers.get(artifacts.TASK_HEADER)
    scope.require_upload(session, worker, task_id)
    return ReceivedBytes(num_bytes=0 if task_id is None else store.received(artifacts.part_of(sha256, task_id)))


@router.head("/artifacts/{sha256}")
def head_artifact(
    worker: AsWorker, sha256: Sha256, request: Request, session: WriteSession, store: ArtifactsDep
) -> Response:
    """200 if the artifact is there and whole, so that it need not be sent; 404 if not."""
    task_id = request.headers.get(artifacts.TASK_HEADER)
    scope.require_upload(session, worker, task_id)
    scope.require_readable(session, worker, sha256)
    artifact = artifacts.find_for_upload(session, store, sha256, task_id)
    headers = {"Content-Length": str(artifact.num_bytes), "ETag": f'"{sha256}"'}
    return Response(media_type=artifact.media_type, headers=headers)


@router.get("/artifacts/{sha256}", responses=artifacts.FILE_RESPONSES, response_class=FileResponse)
def download_artifact(
    worker: AsWorker, sha256: Sha256, request: Request, session: ReadSession, store: ArtifactsDep
) -> Response:
    """Download raw bytes; check their hash."""
    scope.require_readable(session, worker, sha256)
    return artifacts.file_response(request, store, artifacts.find_artifact(session, sha256))


@router.post("/poll", response_model_exclude_none=True)
async def poll(worker: AsWorker, body: PollRequest, request: Request, platform: PlatformDep) -> PollAnswer:
    """Wait for tasks of the caller's site. A hospital's agent keeps one such request open, which also says that the
    site and its workers are there."""
    return await polling.poll(platform, scope.require_site(worker), body, request.is_disconnected)


@router.get("/approvals")
def list_approvals(worker: AsWorker, session: ReadSession) -> AskedApprovals:
    """The runs that ask for the consent of the caller's site, with its decisions so far."""
    return AskedApprovals(asked=consents.asked_of(session, scope.require_site(worker).site_id))


@router.get("/approvals/{run_id}")
def get_approval(worker: AsWorker, run_id: Id, session: ReadSession) -> ApprovalSheet:
    """What one of these runs would do, whole."""
    return consents.sheet_of(session, scope.require_site(worker), run_id)


@router.post("/consents", status_code=204)
def give_consent(worker: AsWorker, body: SignedConsent, session: WriteSession) -> None:
    """Hand in a decision that the caller's site signed. An older one than the hub has changes nothing."""
    consents.store_consent(session, scope.require_site(worker), body)


@router.post("/audit")
def compare_audit(worker: AsWorker, body: AuditQuestion, session: ReadSession) -> AuditAnswer:
    """Hashes of the hub's record, and the heads of the caller's own that the hub keeps."""
    return heads.answer(session, scope.require_site(worker), body)


@router.post("/key", status_code=204)
def replace_key(worker: AsWorker, body: NewKey, platform: PlatformDep) -> None:
    """Register a new key of the caller's site in place of the one that signs this request."""
    with unit_of_work(platform.database) as session:
        stopped = renewal.replace_key(session, scope.require_site(worker), body, platform.server_key.public)
    if stopped is not None:
        raise stopped


@router.post("/leave")
def leave(worker: AsWorker, session: WriteSession) -> RemainsAtHub:
    """End the caller's credential. What of the site stays at the hub is answered."""
    return renewal.leave(session, scope.require_site(worker))


def _require_upload(platform: Platform, worker: WorkerIdentity, task_id: str | None) -> None:
    with read_only(platform.database) as session:
        scope.require_upload(session, worker, task_id)
