"""Report links: made, listed, opened, revoked.

A token is stored as it is, not hashed: people copy a report's link again weeks later, and a reader of this table
can read the results next to it anyway.
"""

import secrets
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.artifacts.service import require_artifacts
from backend.clock import now
from backend.contracts.report_document import ReportPictures
from backend.db.lookup import get_row
from backend.db.models import Experiment, Report
from backend.errors import Gone, NotFound
from backend.events import service as events
from backend.reports.freeze import Wish, freeze
from backend.reports.pictures import shown_document
from backend.reports.schemas import ReportCreate, ReportRecord, SharedReport

TOKEN_BYTES = 24


def create_report(
    session: Session, experiment_id: str, body: ReportCreate, pictures: ReportPictures | None, author: str
) -> Report:
    """pictures: whose files were stored."""
    experiment = get_row(session, Experiment, experiment_id)
    wish = Wish(body.title, body.note, body.checkpoint, body.baseline, body.baseline_model, pictures)
    document = freeze(session, experiment, wish, author)
    require_artifacts(session, {case.picture for case in pictures.cases if case.picture} if pictures else set())
    from backend.reports.pdf import require_printable  # with its library, for which no start of the backend waits

    require_printable(document)
    row = Report(
        experiment_id=experiment.id,
        token=secrets.token_urlsafe(TOKEN_BYTES),
        title=document.title,
        document=document,
        created_at=document.frozen_at,
        created_by=author,
        expires_at=now() + timedelta(days=body.expires_days) if body.expires_days is not None else None,
        num_opened=0,
    )
    session.add(row)
    session.flush()
    _record(session, experiment, f"{author} made the report {row.title!r} and its link.", author)
    return row


def list_reports(session: Session, experiment_id: str) -> list[Report]:
    """The newest first; revoked and expired ones too. An experiment's reports outlive it."""
    query = select(Report).where(Report.experiment_id == experiment_id)
    return list(session.scalars(query.order_by(Report.created_at.desc(), Report.id)))


def revoke_report(session: Session, report_id: str, actor: str) -> Report:
    """The link stops working at once and for good, and its pictures go. Revoking again changes nothing."""
    row = get_row(session, Report, report_id)
    if row.revoked_at is None:
        row.revoked_at = now()
        experiment = session.get(Experiment, row.experiment_id)
        _record(session, experiment, f"{actor} revoked the link of the report {row.title!r}.", actor)
    return row


def open_report(session: Session, token: str) -> Report:
    """Raises NotFound for an unknown token, Gone for one that was revoked or has expired. Counts the opening."""
    row = find_report(session, token)
    row.opened_at = now()
    row.num_opened += 1
    return row


def find_report(session: Session, token: str) -> Report:
    """As `open_report`, uncounted.

    Raises NotFound for an unknown link, and Gone for one that was revoked or has expired.
    """
    row = session.scalars(select(Report).where(Report.token == token)).one_or_none()
    if row is None:
        raise NotFound("there is no report at this link: check that the whole link was copied")
    if row.revoked_at is not None:
        raise Gone(f"this link was revoked on {row.revoked_at:%Y-%m-%d}: ask {row.created_by} for another one")
    if row.expires_at is not None and row.expires_at <= now():
        raise Gone(f"this link expired on {row.expires_at:%Y-%m-%d}: ask {row.created_by} for another one")
    return row


def report_record(row: Report) -> ReportRecord:
    return ReportRecord(
        id=row.id,
        experiment_id=row.experiment_id,
        title=row.title,
        path=f"/reports/{row.token}",
        pdf_path=_pdf_path(row),
        created_at=row.created_at,
        created_by=row.created_by,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        opened_at=row.opened_at,
        num_opened=row.num_opened,
    )


def shared_report(session: Session, row: Report) -> SharedReport:
    """As the sites' policies of now let it be shown."""
    document = shown_document(session, row.document)
    return SharedReport(expires_at=row.expires_at, pdf_path=_pdf_path(row), report=document)


def _pdf_path(row: Report) -> str:
    return f"/api/v1/shared-reports/{row.token}/pdf"


def _record(session: Session, experiment: Experiment | None, message: str, actor: str) -> None:
    """The experiment may be deleted by now."""
    about: dict[str, Any] = {}
    if experiment is not None:
        about = {"experiment_id": experiment.id, "federation_id": experiment.federation_id}
    events.record(session, "experiment", message, actor, **about)
