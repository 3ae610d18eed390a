"""Report links of experiments. Reading a shared report needs its link and no sign-in."""

import re
import unicodedata
from typing import Annotated, Any

from fastapi import APIRouter, Body, Response

from backend.contracts.values import Id
from backend.db.models import Report
from backend.dependencies import ReadSession, WriteSession
from backend.paging import PageDep
from backend.policy import Anybody, CanRead, CanShareReports
from backend.reports import service
from backend.reports.pdf import report_pdf
from backend.reports.schemas import ReportCreate, ReportRecord, SharedReport

router = APIRouter(tags=["reports"])
public_router = APIRouter(tags=["reports"])

#: Of what anybody with the link may read: search engines keep out, and no cache outlives a revoked link.
PUBLIC_HEADERS = {
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
}


class PdfResponse(Response):
    media_type = "application/pdf"


PDF_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.post("/experiments/{experiment_id}/reports", status_code=201)
def create_report(
    user: CanShareReports, experiment_id: Id, body: Annotated[ReportCreate, Body()], session: WriteSession
) -> ReportRecord:
    """Freeze the experiment's results as a report with a link that needs no sign-in."""
    return service.report_record(service.create_report(session, experiment_id, body, user))


@router.get("/experiments/{experiment_id}/reports")
def list_reports(_user: CanRead, experiment_id: Id, session: ReadSession, page: PageDep) -> list[ReportRecord]:
    """The newest first, with those that were revoked or have expired."""
    return [
        service.report_record(row) for row in page.of(service.list_reports(session, experiment_id), lambda row: row.id)
    ]


@router.post("/reports/{report_id}/revoke")
def revoke_report(user: CanShareReports, report_id: Id, session: WriteSession) -> ReportRecord:
    """The link stops working at once and for good."""
    return service.report_record(service.revoke_report(session, report_id, user))


@public_router.get("/shared-reports/{token}")
def get_shared_report(_: Anybody, token: Id, response: Response, session: WriteSession) -> SharedReport:
    """A report by its link; no sign-in. 404 for an unknown link, 410 for a revoked or expired one."""
    response.headers.update(PUBLIC_HEADERS)
    return service.shared_report(service.open_report(session, token))


@public_router.get("/shared-reports/{token}/pdf", responses=PDF_RESPONSES, response_class=PdfResponse)
def download_shared_report(_: Anybody, token: Id, session: ReadSession) -> PdfResponse:
    """The same report as a PDF."""
    row = service.find_report(session, token)
    disposition = f'attachment; filename="{_file_name(row)}"'
    return PdfResponse(report_pdf(row.document), headers={**PUBLIC_HEADERS, "Content-Disposition": disposition})


def _file_name(row: Report) -> str:
    ascii_title = unicodedata.normalize("NFKD", row.title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_title).strip("-")[:60] or "report"
    return f"{slug}-{row.created_at:%Y-%m-%d}.pdf"
