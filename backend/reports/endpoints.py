"""Report links of experiments. Reading a shared report needs its link and no sign-in."""

import hashlib
import re
import unicodedata
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Body, Response
from fastapi.concurrency import run_in_threadpool

from backend.artifacts.service import store_artifact
from backend.contracts.artifacts import JPEG
from backend.contracts.report_document import PictureRank, ReportPictures
from backend.contracts.values import Id
from backend.db.models import Report
from backend.db.session import unit_of_work
from backend.dependencies import ArtifactsDep, PlatformDep, ReadSession, WriteSession
from backend.paging import PageDep
from backend.platform import Platform
from backend.policy import Anybody, CanRead, CanShareReports
from backend.reports import service
from backend.reports.pictures import DrawnPictures, draw_pictures, picture_file, picture_files, shown_document
from backend.reports.schemas import ReportCreate, ReportRecord, SharedReport
from backend.storage.dependencies import SweepAfter

router = APIRouter(tags=["reports"])
public_router = APIRouter(tags=["reports"])

#: Of what anybody with the link may read: search engines keep out, and no cache outlives a revoked link.
PUBLIC_HEADERS = {
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
}


class PdfResponse(Response):
    media_type = "application/pdf"


class PictureResponse(Response):
    media_type = JPEG


PICTURE_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {JPEG: {"schema": {"type": "string", "format": "binary"}}}}
}
PDF_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.post("/experiments/{experiment_id}/reports", status_code=201)
async def create_report(
    user: CanShareReports, experiment_id: Id, body: Annotated[ReportCreate, Body()], platform: PlatformDep
) -> ReportRecord:
    """Freeze the experiment's results as a report with a link that needs no sign-in."""
    stored = None
    if body.pictures:
        drawn = await run_in_threadpool(draw_pictures, platform, experiment_id, body.checkpoint)
        stored = await _store(platform, drawn) if drawn is not None else None
    return await run_in_threadpool(_freeze, platform, experiment_id, body, stored, user)


@router.get("/experiments/{experiment_id}/reports")
def list_reports(_user: CanRead, experiment_id: Id, session: ReadSession, page: PageDep) -> list[ReportRecord]:
    """The newest first, with those that were revoked or have expired."""
    return [
        service.report_record(row) for row in page.of(service.list_reports(session, experiment_id), lambda row: row.id)
    ]


@router.post("/reports/{report_id}/revoke")
def revoke_report(user: CanShareReports, report_id: Id, session: WriteSession, sweep: SweepAfter) -> ReportRecord:
    """The link stops working at once and for good."""
    revoked = service.report_record(service.revoke_report(session, report_id, user))
    sweep()
    return revoked


@public_router.get("/shared-reports/{token}")
def get_shared_report(_: Anybody, token: Id, response: Response, session: WriteSession) -> SharedReport:
    """A report by its link; no sign-in. 404 for an unknown link, 410 for a revoked or expired one."""
    response.headers.update(PUBLIC_HEADERS)
    return service.shared_report(session, service.open_report(session, token))


@public_router.get(
    "/shared-reports/{token}/pictures/{rank}", responses=PICTURE_RESPONSES, response_class=PictureResponse
)
def get_report_picture(
    _: Anybody, token: Id, rank: PictureRank, session: ReadSession, artifacts: ArtifactsDep
) -> PictureResponse:
    """The picture of a report's worst, median or best case; 404 where its site's policy lets it be shown no more."""
    document = shown_document(session, service.find_report(session, token).document)
    return PictureResponse(picture_file(artifacts, document, rank), headers=PUBLIC_HEADERS)


@public_router.get("/shared-reports/{token}/pdf", responses=PDF_RESPONSES, response_class=PdfResponse)
def download_shared_report(_: Anybody, token: Id, session: ReadSession, artifacts: ArtifactsDep) -> PdfResponse:
    """The same report as a PDF."""
    from backend.reports.pdf import report_pdf  # with its library, for which no start of the backend waits

    row = service.find_report(session, token)
    document = shown_document(session, row.document)
    content = report_pdf(document, picture_files(artifacts, document))
    disposition = f'attachment; filename="{_file_name(row)}"'
    return PdfResponse(content, headers={**PUBLIC_HEADERS, "Content-Disposition": disposition})


async def _store(platform: Platform, drawn: DrawnPictures) -> ReportPictures:
    """Before the transaction that names them."""
    cases = []
    for picture in drawn.cases:
        sha256 = hashlib.sha256(picture.jpeg).hexdigest()
        await store_artifact(platform.database, platform.artifacts, sha256, JPEG, _once(picture.jpeg))
        cases.append(picture.said.model_copy(update={"picture": sha256}))
    return ReportPictures(run_label=drawn.run_label, seed=drawn.seed, model=drawn.model, cases=tuple(cases))


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


def _freeze(
    platform: Platform, experiment_id: Id, body: ReportCreate, pictures: ReportPictures | None, user: str
) -> ReportRecord:
    with unit_of_work(platform.database) as session:
        return service.report_record(service.create_report(session, experiment_id, body, pictures, user))


def _file_name(row: Report) -> str:
    ascii_title = unicodedata.normalize("NFKD", row.title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_title).strip("-")[:60] or "report"
    return f"{slug}-{row.created_at:%Y-%m-%d}.pdf"
