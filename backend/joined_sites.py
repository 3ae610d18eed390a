"""Which queues belong to hospitals that joined with a key of their own: only that key serves them, and no broker."""

from collections.abc import Collection

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
    return queue in joined_among(session, {queue})


def joined_among(session: Session, queues: Collection[str]) -> frozenset[str]:
    """Those of the queues that belong to hospitals which joined. Looked up only where one of them is a real site's."""
    if not any(queue.startswith(REAL_QUEUE_PREFIX) for queue in queues):
        return frozenset()
    return joined_queues(session) & frozenset(queues)
