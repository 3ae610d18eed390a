"""Looks whether the hub's record is as it was written."""

import base64
from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.audit.schemas import AuditProblem, AuditVerification, ConfirmedHead
from backend.contracts.audit import GENESIS, AuditHead, heads_message
from backend.db import audit_chain
from backend.db.models import AuditRecord, AuditStart, Event, Site, SiteHead
from backend.db.session import Database, read_only
from backend.link.keys import PublicKey

PAGE = 1000
MAX_PROBLEMS = 20

_Place = tuple[AuditRecord, Event | None]


def verify(database: Database) -> AuditVerification:
    """Reads every record, a page at a time; what is written meanwhile is left for the next time."""
    with read_only(database) as session:
        end = audit_chain.head(session)
        first = session.scalar(select(func.min(AuditRecord.number))) or 0
        num_records = session.scalar(
            select(func.count()).select_from(AuditRecord).where(AuditRecord.number <= end.number)
        )
        confirmed = _confirmed(session)
    problems = _at_most(MAX_PROBLEMS, _problems(database, end))
    with read_only(database) as session:
        problems += _at_most(MAX_PROBLEMS - len(problems), _against_sites(session, end))
    return AuditVerification(
        records=num_records or 0,
        first=first,
        last=end.number,
        head=end.hash,
        intact=not problems,
        problems=problems,
        confirmed=confirmed,
    )


def pages(database: Database, end: int) -> Iterator[list[_Place]]:
    """The records up to a number, in order, each with its event, if that is there."""
    after = 0
    while True:
        query = select(AuditRecord, Event).outerjoin(Event, Event.id == AuditRecord.event_id)
        query = query.where(AuditRecord.number > after, AuditRecord.number <= end).order_by(AuditRecord.number)
        with read_only(database) as session:
            rows = session.execute(query.limit(PAGE)).all()
        if not rows:
            return
        yield [(row[0], row[1]) for row in rows]
        after = rows[-1][0].number


def _problems(database: Database, end: AuditHead) -> Iterator[AuditProblem]:
    with read_only(database) as session:
        start = session.get(AuditStart, 1)
    number, before = (start.number, start.hash) if start else (0, GENESIS)
    for page in pages(database, end.number):
        for record, event in page:
            number += 1
            if record.number != number:
                yield AuditProblem(number=number, problem=_missing(number, record.number - 1))
                number = record.number
            elif record.previous != before:
                yield AuditProblem(number=number, problem="it does not follow the one before: one was changed or moved")
            if event is None:
                yield AuditProblem(number=number, problem="what it recorded was removed from the activity")
            elif audit_chain.hash_of(audit_chain.content_of(event, record.number, record.previous)) != record.hash:
                yield AuditProblem(number=number, problem="it was changed after it was written")
            before = record.hash


def _missing(first: int, last: int) -> str:
    return "it was removed" if first == last else f"it and all up to {last} were removed"


def _against_sites(session: Session, end: AuditHead) -> Iterator[AuditProblem]:
    """What hospitals confirmed, by their signatures: the hub's records of then must be those of now."""
    query = select(SiteHead, Site.slug).join(Site, Site.id == SiteHead.site_id).where(SiteHead.hub_number.is_not(None))
    for row in session.execute(query.order_by(SiteHead.id)):
        kept, slug = row[0], row[1]
        other = kept.said.other
        if other is None or not _is_signed(kept, slug):
            yield AuditProblem(number=kept.hub_number or 0, problem=f"what {slug} confirmed of it was changed")
            continue
        if other.number > end.number:
            problem = f"{_missing(end.number + 1, other.number)}: {slug} confirmed them at {kept.at:%Y-%m-%d %H:%M} UTC"
            yield AuditProblem(number=end.number + 1, problem=problem)
            return
        found = session.get(AuditRecord, other.number)
        if found is not None and found.hash != other.hash:
            problem = f"it, or one before it, is not what {slug} confirmed at {kept.at:%Y-%m-%d %H:%M} UTC"
            yield AuditProblem(number=other.number, problem=problem)


def _is_signed(kept: SiteHead, slug: str) -> bool:
    message = heads_message("site", slug, kept.said.own, kept.said.other)
    return PublicKey.from_text(kept.public_key).verifies(base64.b64decode(kept.said.signature), message)


def _confirmed(session: Session) -> list[ConfirmedHead]:
    latest = select(func.max(SiteHead.id)).where(SiteHead.hub_number.is_not(None)).group_by(SiteHead.site_id)
    query = select(SiteHead, Site.slug).join(Site, Site.id == SiteHead.site_id).where(SiteHead.id.in_(latest))
    return [
        ConfirmedHead(site_slug=row[1], number=row[0].hub_number, hash=row[0].hub_hash, at=row[0].at)
        for row in session.execute(query.order_by(Site.position))
    ]


def _at_most(most: int, problems: Iterator[AuditProblem]) -> list[AuditProblem]:
    return [problem for problem, _ in zip(problems, range(most), strict=False)]
