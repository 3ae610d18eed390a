"""What left a site before its policy forbade it: hidden at once, and deleted when somebody asks."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, or_, select
from sqlalchemy.orm import Session, load_only

from backend.contracts.datasets import SitePolicy
from backend.contracts.report_document import ReportPictures
from backend.db.lookup import lock_row
from backend.db.models import Case, CaseHistory, Dataset, Experiment, Report, Run, Site, TestedCase
from backend.events import service as events
from backend.sites.service import policy_of
from backend.storage.schemas import SentRecord


def sent_record(session: Session, site: Site) -> SentRecord:
    """What `withdraw` would delete now."""
    return _withdraw(session, site, policy_of(site), forget=False)


def withdraw(session: Session, site_id: str, actor: str) -> SentRecord:
    """Forgets what the policy of now does not allow; a sweep then removes the files. Scores stay."""
    site = lock_row(session, Site, site_id)
    found = _withdraw(session, site, policy_of(site), forget=True)
    if found.num_thumbnails or found.num_images or found.num_predictions or found.num_report_pictures:
        message = (
            f"{actor} deleted what {site.name} had sent before its policy forbade it: {found.num_thumbnails} "
            f"thumbnail(s), images of {found.num_images} test case(s), {found.num_predictions} predicted mask(s), "
            f"{found.num_report_pictures} picture(s) in reports."
        )
        events.record(session, "site", message, actor, federation_id=site.federation_id, site_slug=site.slug)
    return found


def _withdraw(session: Session, site: Site, policy: SitePolicy, forget: bool) -> SentRecord:
    num_thumbnails = num_images = num_predictions = num_report_pictures = 0
    if not policy.may_send_thumbnails:
        for case in _cases(session, site):
            num_thumbnails += 1
            if forget:
                case.thumbnail = None
    for row in _evaluated(session, site, policy):
        if not policy.may_send_images and (row.image or row.reference):
            num_images += 1
            if forget:
                row.image = row.reference = None
        if not policy.may_send_predictions and row.predictions:
            num_predictions += len(row.predictions)
            if forget:
                row.predictions = {}
    if not policy.may_send_predictions:
        for past in _history(session, site):
            num_predictions += sum(entry["mask"] is not None for entry in past.models.values())
            if forget:
                past.models = {model: {**entry, "mask": None} for model, entry in past.models.items()}
    if not (policy.may_send_images and policy.may_send_predictions):
        for report, pictures in reports_showing(session, site):
            num_report_pictures += sum(case.picture is not None and case.site_id == site.id for case in pictures.cases)
            if forget:
                report.document = report.document.model_copy(update={"pictures": pictures.without({site.id})})
    return SentRecord(
        site_id=site.id,
        num_thumbnails=num_thumbnails,
        num_images=num_images,
        num_predictions=num_predictions,
        num_report_pictures=num_report_pictures,
    )


def reports_showing(session: Session, site: Site) -> Iterator[tuple[Report, ReportPictures]]:
    """Whose links are open, with a picture of a case of the site's."""
    named = cast(Report.document, Text).contains(site.id, autoescape=True)
    for report in session.scalars(select(Report).where(Report.revoked_at.is_(None), named)):
        pictures = report.document.pictures
        if pictures is not None and any(case.picture and case.site_id == site.id for case in pictures.cases):
            yield report, pictures


def _cases(session: Session, site: Site) -> Iterator[Case]:
    query = select(Case).join(Dataset, Dataset.id == Case.dataset_id).where(Dataset.site_id == site.id)
    yield from session.scalars(query.where(Case.thumbnail.is_not(None)))


def _of_federation(query: Any, site: Site) -> Any:
    return (
        query.join(Run, Run.id == TestedCase.run_id)
        .join(Experiment, Experiment.id == Run.experiment_id)
        .where(Experiment.federation_id == site.federation_id, TestedCase.site_slug == site.slug)
    )


def _evaluated(session: Session, site: Site, policy: SitePolicy) -> Iterator[TestedCase]:
    """Those with something that the policy forbids. Of each, its scores are not read."""
    forbidden: list[ColumnElement[bool]] = []
    if not policy.may_send_images:
        forbidden += [TestedCase.image.is_not(None), TestedCase.reference.is_not(None)]
    if not policy.may_send_predictions:
        forbidden.append(cast(TestedCase.predictions, Text) != "{}")
    if forbidden:
        files = load_only(TestedCase.image, TestedCase.reference, TestedCase.predictions)
        query = _of_federation(select(TestedCase), site).where(or_(*forbidden))
        yield from session.scalars(query.options(files))


def _history(session: Session, site: Site) -> Iterator[CaseHistory]:
    same_case = (TestedCase.run_id == CaseHistory.run_id) & (TestedCase.case_id == CaseHistory.case_id)
    query = _of_federation(select(CaseHistory).join(TestedCase, same_case), site)
    yield from dict.fromkeys(session.scalars(query))  # once: a case is evaluated at the best round and at the last
