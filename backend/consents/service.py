"""A hospital's decisions: what it is shown, what it signed, and what people see of it."""

import base64

from sqlalchemy import Row, Select, and_, select
from sqlalchemy.orm import Session

from backend.clock import now
from backend.consents.schemas import ApprovalRecord
from backend.contracts.consent import (
    MAX_ASKED,
    ApprovalSheet,
    AskedApproval,
    Consent,
    SignedConsent,
    consent_message,
)
from backend.contracts.status import TERMINAL_RUN_STATUSES
from backend.db.models import Experiment, Run, RunApproval, Site, SiteConsent, SiteCredential
from backend.errors import InvalidInput, NotFound, RequestSignatureRefused
from backend.events import service as events
from backend.link.keys import PublicKey
from backend.runs.approvals import terms_of
from backend.runs.words import describe_run
from backend.sites.enrolment.identity import SiteWorker

_Asked = Row[RunApproval, Run, Experiment, Site, SiteConsent]


def asked_of(session: Session, site_id: str) -> tuple[AskedApproval, ...]:
    """Of the runs that are not over, the newest first."""
    query = _asked().where(RunApproval.site_id == site_id, Run.status.not_in(TERMINAL_RUN_STATUSES))
    rows = session.execute(query.order_by(RunApproval.asked_at.desc(), Run.position).limit(MAX_ASKED))
    return tuple(_as_asked(row) for row in rows)


def sheet_of(session: Session, worker: SiteWorker, run_id: str) -> ApprovalSheet:
    """Raises NotFound for a run that asks the site nothing."""
    query = _asked().where(RunApproval.site_id == worker.site_id, RunApproval.run_id == run_id)
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"no run {run_id} asks for the approval of this site")
    spec, data = terms_of(session, row[1], worker.queue)
    return ApprovalSheet(asked=_as_asked(row), run=spec, data=data)


def store_consent(session: Session, worker: SiteWorker, signed: SignedConsent) -> None:
    """Raises RequestSignatureRefused where the site's key did not sign it, InvalidInput for another site's or one on
    terms that nobody asked for."""
    consent = signed.consent
    key = PublicKey.from_text(session.get_one(SiteCredential, worker.credential_id).public_key)
    if not key.verifies(base64.b64decode(signed.signature), consent_message(consent)):
        raise RequestSignatureRefused("the site's key did not sign this consent: sign it with the key of the request")
    if consent.site != worker.slug:
        remedy = f"send decisions of {worker.slug} alone"
        raise InvalidInput.of_field("consent.site", consent.site, "is another site than the caller's", remedy)
    asked = session.execute(
        _asked().where(RunApproval.site_id == worker.site_id, RunApproval.terms_sha256 == consent.terms_sha256)
    ).all()
    if not asked:
        remedy = "look at GET /worker-api/v1/approvals for what is asked now"
        raise InvalidInput.of_field("consent.terms_sha256", consent.terms_sha256, "is what no run asks", remedy)
    if _keep(session, worker, signed, key):
        site = session.get_one(Site, worker.site_id)
        for _, run, _, _, _ in asked:
            _say(session, run, site, consent)


def approvals_of_run(session: Session, run_id: str) -> list[ApprovalRecord]:
    """In site order; empty where the run asks nobody."""
    rows = session.execute(_asked().where(RunApproval.run_id == run_id).order_by(Site.position))
    return [_record(row) for row in rows]


def open_approvals(session: Session, federation_id: str) -> list[ApprovalRecord]:
    """Of the federation's runs that are not over: undecided and refused ones, the oldest first."""
    query = _asked().where(Site.federation_id == federation_id, Run.status.not_in(TERMINAL_RUN_STATUSES))
    rows = session.execute(query.order_by(RunApproval.asked_at, Run.position, Site.position))
    return [record for record in map(_record, rows) if record.decision != "approved"]


def _asked() -> Select[RunApproval, Run, Experiment, Site, SiteConsent]:
    decided = and_(SiteConsent.site_id == RunApproval.site_id, SiteConsent.terms_sha256 == RunApproval.terms_sha256)
    return (
        select(RunApproval, Run, Experiment, Site, SiteConsent)
        .join(Run, Run.id == RunApproval.run_id)
        .join(Experiment, Experiment.id == Run.experiment_id)
        .join(Site, Site.id == RunApproval.site_id)
        .outerjoin(SiteConsent, decided)
    )


def _parts(row: _Asked) -> tuple[RunApproval, Run, Experiment, Site, SiteConsent | None]:
    """An outer join has no consent where none was given."""
    return row[0], row[1], row[2], row[3], row[4]


def _as_asked(row: _Asked) -> AskedApproval:
    approval, run, experiment, _, consent = _parts(row)
    return AskedApproval(
        run_id=run.id,
        run=_label(run),
        experiment_id=experiment.id,
        experiment=experiment.name,
        asked_at=approval.asked_at,
        terms_sha256=approval.terms_sha256,
        decision=consent.signed.consent.decision if consent else None,
    )


def _record(row: _Asked) -> ApprovalRecord:
    approval, run, experiment, site, decided = _parts(row)
    consent = decided.signed.consent if decided else None
    return ApprovalRecord(
        id=f"{run.id}.{site.slug}",
        run_id=run.id,
        run=_label(run),
        experiment_id=experiment.id,
        experiment=experiment.name,
        site_slug=site.slug,
        site=site.name,
        terms_sha256=approval.terms_sha256,
        asked_at=approval.asked_at,
        decision=consent and consent.decision,
        decided_at=consent and consent.decided_at,
        by=consent and consent.by,
        name=consent.name if consent else "",
        reason=consent.reason if consent else "",
        signature=decided and decided.signed.signature,
        public_key=decided and decided.public_key,
    )


def _label(run: Run) -> str:
    return f"{run.strategy_label}, seed {run.seed}"


def _keep(session: Session, worker: SiteWorker, signed: SignedConsent, key: PublicKey) -> bool:
    """Whether it changes what is known."""
    consent = signed.consent
    query = select(SiteConsent).where(
        SiteConsent.site_id == worker.site_id, SiteConsent.terms_sha256 == consent.terms_sha256
    )
    row = session.scalar(query.with_for_update())
    if row is None:
        row = SiteConsent(site_id=worker.site_id, terms_sha256=consent.terms_sha256)
        session.add(row)
    elif consent.decided_at <= row.decided_at:
        return False
    row.decision, row.decided_at, row.received_at = consent.decision, consent.decided_at, now()
    row.signed, row.public_key = signed, key.text
    return True


def _say(session: Session, run: Run, site: Site, consent: Consent) -> None:
    why = f": {consent.reason}" if consent.reason else ""
    message = f"{site.name} {consent.decision} {describe_run(run)} ({_who(consent)}){why}."
    level: events.Level = "info" if consent.decision == "approved" else "warning"
    events.record_of_run(session, run, "site", message, site.slug, level=level, site_slug=site.slug)


def _who(consent: Consent) -> str:
    by = "by a standing approval of its policy" if consent.by == "rule" else "by a person there"
    return f"{by}, {consent.name}" if consent.name else by
