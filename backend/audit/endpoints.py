"""The hub's record: verified, and as JSON lines."""

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from backend.audit import service, verification
from backend.audit.schemas import AuditVerification
from backend.dependencies import PlatformDep
from backend.policy import CanOperate

router = APIRouter(prefix="/audit", tags=["audit"])


class JsonLines(StreamingResponse):
    media_type = "application/jsonl"


@router.get("/verification")
def verify_audit(_user: CanOperate, platform: PlatformDep) -> AuditVerification:
    """Read every record, and say which were changed, removed or moved, also against what hospitals confirmed."""
    return verification.verify(platform.database)


@router.get("/records.jsonl", response_class=JsonLines)
def download_audit(_user: CanOperate, platform: PlatformDep) -> JsonLines:
    """Every record, one JSON object a line, each with the hash of the one before it."""
    headers = {"Content-Disposition": 'attachment; filename="audit.jsonl"'}
    return JsonLines(service.lines(platform.database), headers=headers)
