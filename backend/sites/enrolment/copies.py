"""A credential that is in use in two places: it stops, until a person decides which of them is the site's own."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.clock import now
from backend.contracts.link import Renewal
from backend.db.lookup import lock_row
from backend.db.models import Site, SiteCredential
from backend.db.session import Database, unit_of_work
from backend.errors import CredentialStopped
from backend.sites.enrolment import codes, service
from backend.sites.enrolment.identity import KEY_REPLACED, ReplacedKeyInUse

#: An agent whose site made a new key may ask with the old one until it has looked at its folder: it does so after a
#: minute at the latest.
GRACE = timedelta(seconds=90)


def counted_on(credential: SiteCredential, given: Renewal) -> bool:
    """Whether the one who asks counts on from where the credential is. Two copies count on from the same number: the
    one that is behind, or gives the same number with another secret, shows that there are two."""
    last = credential.renewal_number
    is_repeated = last == given.number and credential.renewal_sha256 == codes.hash_of(given.secret)
    return last is None or given.number > last or is_repeated


def stop(session: Session, credential: SiteCredential, cause: str) -> CredentialStopped:
    """The credential waits for a person. cause: what the people at the hub read, after the site's name. Returns,
    rather than raises, what is answered: the stop must be stored."""
    credential.status, credential.reason = "stopped", "it was in use twice"
    site = session.get_one(Site, credential.site_id)
    service.mark_offline(session, site)
    message = f"{cause.format(site=site.name)} Ask the site, then let it work again or revoke it."
    service.say(session, site, message, site.slug, "error")
    return CredentialStopped(
        "this site's credential is in use twice, or was restored from a backup: wait until the coordinator decides"
    )


def note_replaced(database: Database, found: ReplacedKeyInUse) -> CredentialStopped | None:
    """The key that a new one followed signs requests still: one of the two is a copy's, so the new one stops. Not
    within GRACE, and not after a person decided about the new one."""
    with unit_of_work(database) as session:
        old = session.get_one(SiteCredential, found.credential_id)
        lock_row(session, Site, old.site_id)
        query = select(SiteCredential).where(SiteCredential.site_id == old.site_id, SiteCredential.status == "active")
        successor = session.scalar(query.with_for_update())
        if old.reason != KEY_REPLACED or old.ended_at is None or now() - old.ended_at < GRACE:
            return None
        if successor is None or successor.accepted_at is None or successor.accepted_at > old.ended_at:
            return None
        cause = "The key of {site} that a new one followed is in use still, so one of the two is a copy's: both wait."
        return stop(session, successor, cause)
