"""Where each site stands on its way into the federation, as people see it."""

from collections import defaultdict
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.clock import now
from backend.contracts.link import LinkStatus
from backend.db.models import SiteCredential, SiteInvitation
from backend.sites.enrolment.schemas import SiteLink

#: The first that a site has is shown: a stopped credential needs a person before all others.
_ORDER = ("stopped", "pending", "active", "ended")
_WORDS: dict[str, LinkStatus] = {"stopped": "stopped", "pending": "pending", "active": "joined", "ended": "revoked"}


def links(session: Session, site_ids: list[str]) -> dict[str, SiteLink]:
    """By the site's id; a site that was never invited is absent."""
    found: defaultdict[str, list[SiteCredential]] = defaultdict(list)
    newest_first = (
        select(SiteCredential).where(SiteCredential.site_id.in_(site_ids)).order_by(SiteCredential.created_at.desc())
    )
    for credential in session.scalars(newest_first):
        found[credential.site_id].append(credential)
    open_ones = select(SiteInvitation.site_id, SiteInvitation.expires_at).where(
        SiteInvitation.site_id.in_(site_ids), SiteInvitation.used_at.is_(None), SiteInvitation.expires_at > now()
    )
    invited: dict[str, datetime] = dict(session.execute(open_ones).all())
    shown = found.keys() | invited.keys()
    return {site_id: _link(found[site_id], invited.get(site_id)) for site_id in shown}


def _link(credentials: list[SiteCredential], invited_until: datetime | None) -> SiteLink:
    ranked = sorted(credentials, key=lambda credential: _ORDER.index(credential.status))
    first = ranked[0] if ranked else None
    status: LinkStatus = "invited" if first is None else _WORDS[first.status]
    if status == "revoked" and invited_until is not None:
        status, first = "invited", None
    return SiteLink(
        status=status,
        fingerprint=first and first.fingerprint,
        phrase=first and first.phrase,
        hardware=first and first.hardware,
        version=first and first.version,
        asked_at=first and first.created_at,
        accepted_at=first and first.accepted_at,
        accepted_by=first and first.accepted_by,
        last_seen_at=max((c.last_seen_at for c in credentials if c.last_seen_at is not None), default=None),
        reason=first and first.reason,
        invitation_expires_at=invited_until,
        pause=first.pause if first is not None and status == "joined" else None,
        own_policy=first.own_policy if first is not None and status == "joined" else None,
        is_served=any(credential.status == "active" for credential in credentials),
    )
