"""The exchange of heads with hospitals, on the back of each poll."""

import base64

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.clock import now
from backend.contracts.audit import MAX_HEADS, AuditAnswer, AuditHead, AuditQuestion, HeadsSeen, heads_message
from backend.db import audit_chain
from backend.db.models import AuditRecord, Site, SiteCredential, SiteHead
from backend.errors import RequestSignatureRefused
from backend.events import service as events
from backend.link.keys import PublicKey, SigningKey
from backend.sites.enrolment.identity import SiteWorker


def store(session: Session, worker: SiteWorker, said: HeadsSeen) -> None:
    """Keeps what a hospital says of both records, where it is new. An event names a hospital whose record became
    shorter or other than it was.

    Raises RequestSignatureRefused where the site's key did not sign it."""
    key = PublicKey.from_text(session.get_one(SiteCredential, worker.credential_id).public_key)
    if not key.verifies(base64.b64decode(said.signature), heads_message("site", worker.slug, said.own, said.other)):
        raise RequestSignatureRefused("the site's key did not sign what it says of the records: sign it anew")
    last = last_of(session, worker.site_id)
    if last is not None and last.said.own == said.own and last.said.other == said.other:
        return
    if last is not None and (problem := _problem(last.said.own, said.own)) is not None:
        site = session.get_one(Site, worker.site_id)
        message = f"The record of {site.name} {problem}. Ask the site: fedsm site audit."
        about = {"federation_id": site.federation_id, "site_slug": site.slug}
        events.record(session, "site", message, events.BACKEND, "error", quota_of=worker.slug, **about)
    session.add(
        SiteHead(
            site_id=worker.site_id,
            at=now(),
            site_number=said.own.number,
            site_hash=said.own.hash,
            hub_number=said.other and said.other.number,
            hub_hash=said.other and said.other.hash,
            said=said,
            public_key=key.text,
        )
    )


def say(session: Session, worker: SiteWorker, key: SigningKey) -> HeadsSeen:
    """What the hub says of both, signed with its key."""
    own, last = audit_chain.head(session), last_of(session, worker.site_id)
    other = last.said.own if last else None
    signature = base64.b64encode(key.sign(heads_message("hub", worker.slug, own, other))).decode()
    return HeadsSeen(own=own, other=other, signature=signature)


def answer(session: Session, worker: SiteWorker, question: AuditQuestion) -> AuditAnswer:
    """What a hospital compares its own files with."""
    records = session.scalars(select(AuditRecord).where(AuditRecord.number.in_(question.numbers)))
    kept = session.scalars(
        select(SiteHead).where(SiteHead.site_id == worker.site_id).order_by(SiteHead.id.desc()).limit(MAX_HEADS)
    )
    return AuditAnswer(
        hub=tuple(AuditHead(number=record.number, hash=record.hash) for record in records),
        site=tuple(row.said.own for row in kept),
    )


def last_of(session: Session, site_id: str) -> SiteHead | None:
    return session.scalar(select(SiteHead).where(SiteHead.site_id == site_id).order_by(SiteHead.id.desc()).limit(1))


def _problem(before: AuditHead, given: AuditHead) -> str | None:
    if given.number < before.number:
        return f"had {before.number} lines and has {given.number} now: lines were removed"
    if given.number == before.number and given.hash != before.hash:
        return f"has another line {given.number} than before: it was changed"
    return None
