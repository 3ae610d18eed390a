"""Which queues belong to hospitals that joined with a key of their own: only that key serves them, and no broker."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.models import Site, SiteCredential
from backend.queue import REAL_QUEUE_PREFIX


def joined_queues(session: Session) -> frozenset[str]:
    """Of all sites that a person ever accepted: a revoked one's queue waits for its next key."""
    query = select(Site.slug).join(SiteCredential, SiteCredential.site_id == Site.id).where(Site.kind == "real")
    slugs = session.scalars(query.where(SiteCredential.accepted_at.is_not(None)).distinct())
    return frozenset(f"{REAL_QUEUE_PREFIX}{slug}" for slug in slugs)


def is_joined(session: Session, queue: str) -> bool:
    return queue.startswith(REAL_QUEUE_PREFIX) and queue in joined_queues(session)
