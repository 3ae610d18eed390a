"""Joining: an invitation, a key made at the site, a person who accepts it; and its end."""

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from backend.clock import now
from backend.contracts.link import JoinAnswer, JoinRequest, SiteKit
from backend.db.lookup import lock_row
from backend.db.models import Federation, Site, SiteCredential, SiteInvitation, Worker
from backend.errors import Conflict, Forbidden, InvalidInput
from backend.events import service as events
from backend.link.keys import KeyProblem, PublicKey, phrase
from backend.queue import site_queue
from backend.sites.enrolment import codes
from backend.sites.enrolment.identity import SITE_MARK

#: Of one site in an hour: nobody needs more, and each voids the one before.
MAX_INVITATIONS = 20


def invite(session: Session, site_id: str, url: str, server_key: PublicKey, actor: str) -> SiteKit:
    """A kit with a new code, which voids those before. Raises Conflict for a simulated site and one in the archive."""
    site = lock_row(session, Site, site_id)
    if site.kind != "real":
        raise Conflict(
            f"{site.name} is simulated, served by the central workers: add a site of the kind real to invite"
        )
    if site.archived_at is not None:
        raise Conflict(f"{site.name} is in the archive: restore it, then invite it")
    earlier = select(SiteInvitation.id).where(
        SiteInvitation.site_id == site_id, SiteInvitation.created_at > now() - timedelta(hours=1)
    )
    if len(session.scalars(earlier).all()) >= MAX_INVITATIONS:
        raise Conflict(f"{site.name} was invited {MAX_INVITATIONS} times within the hour: use the last kit, or wait")
    void_invitations(session, site_id)
    code = codes.new_code()
    invitation = SiteInvitation(
        site_id=site_id,
        code_sha256=codes.hash_of(code),
        created_at=now(),
        created_by=actor,
        expires_at=now() + codes.LIFE,
    )
    session.add(invitation)
    say(session, site, f"{actor} made a kit for {site.name}; its code is good for 24 hours.", actor)
    return SiteKit(
        url=url,
        server_key=server_key.text,
        server_fingerprint=server_key.fingerprint,
        code=code,
        expires_at=invitation.expires_at,
        federation=session.get_one(Federation, site.federation_id).name,
        site=site.name,
        slug=site.slug,
    )


def void_invitations(session: Session, site_id: str) -> None:
    open_ones = (SiteInvitation.site_id == site_id, SiteInvitation.used_at.is_(None), SiteInvitation.expires_at > now())
    session.execute(update(SiteInvitation).where(*open_ones).values(expires_at=now()))


def join(session: Session, body: JoinRequest, server_key: PublicKey) -> JoinAnswer:
    """A pending credential, in place of one that was pending. Raises Forbidden for a code that is not good any more."""
    query = select(SiteInvitation).where(SiteInvitation.code_sha256 == codes.hash_of(body.code)).with_for_update()
    invitation = session.scalar(query)
    key = public_key(body.public_key)
    words = phrase(server_key, key)
    known = session.scalar(select(SiteCredential).where(SiteCredential.fingerprint == key.fingerprint))
    if invitation is not None and known is not None and known.site_id == invitation.site_id and _is_open(known):
        return _joined(session.get_one(Site, known.site_id), words)  # asked again, because the answer was lost
    if invitation is None or invitation.used_at is not None or invitation.expires_at <= now():
        raise Forbidden(
            "this code is not valid: it was used, is older than 24 hours, or another kit followed it; ask for a new kit"
        )
    if known is not None:
        raise Conflict("this key was registered before: make a new one for each kit")
    site = lock_row(session, Site, invitation.site_id)
    invitation.used_at = now()
    for earlier in _of_site(session, site.id, "pending"):
        end(earlier, "another key was sent")
    session.add(
        SiteCredential(
            site_id=site.id,
            public_key=key.text,
            fingerprint=key.fingerprint,
            phrase=words,
            status="pending",
            hardware=body.hardware,
            version=body.version,
            created_at=now(),
        )
    )
    message = f"{site.name} asks to join, from {body.hardware}: compare the six words, then accept it."
    say(session, site, message, site.slug)
    return _joined(site, words)


def _is_open(credential: SiteCredential) -> bool:
    return credential.status in ("pending", "active")


def _joined(site: Site, words: str) -> JoinAnswer:
    return JoinAnswer(site=site.name, slug=site.slug, queue=site_queue(site.kind, site.slug), phrase=words)


def public_key(text: str) -> PublicKey:
    """Raises InvalidInput."""
    try:
        return PublicKey.from_text(text)
    except KeyProblem as problem:
        raise InvalidInput.of_field(
            "public_key", "(hidden)", str(problem), "send the key that the agent made"
        ) from None


def accept(session: Session, site_id: str, fingerprint: str, actor: str) -> Site:
    """The pending credential becomes the site's only one; a stopped one works again. Raises Conflict where this one is
    neither."""
    site = lock_row(session, Site, site_id)
    credential = session.scalar(
        select(SiteCredential).where(SiteCredential.site_id == site_id, SiteCredential.fingerprint == fingerprint)
    )
    if credential is None or credential.status not in ("pending", "stopped"):
        raise Conflict(f"{site.name} has no such credential to accept: look at the site again")
    did = "accepted" if credential.status == "pending" else "lets the stopped credential work again of"
    for earlier in _of_site(session, site_id, "pending", "active", "stopped"):
        if earlier is not credential:
            end(earlier, "another credential followed")
    credential.status, credential.reason = "active", None
    credential.accepted_at, credential.accepted_by = now(), actor
    credential.renewal_number = credential.renewal_sha256 = None
    say(session, site, f"{actor} {did} {site.name}.", actor)
    return site


def revoke(session: Session, site_id: str, reason: str, actor: str) -> Site:
    """Of every credential and open invitation of the site. From the commit on each request is refused; its tasks lose
    their lease. Raises Conflict where there is nothing to revoke."""
    site = lock_row(session, Site, site_id)
    found = _of_site(session, site_id, "pending", "active", "stopped")
    if not found:
        raise Conflict(f"{site.name} has no credential that could be revoked")
    void_invitations(session, site_id)
    why = f"revoked by {actor}" + (f": {reason}" if reason else "")
    for credential in found:
        end(credential, why)
    mark_offline(session, site)
    because = f" ({reason})" if reason else ""
    say(session, site, f"{actor} revoked the credential of {site.name}{because}.", actor, "warning")
    return site


def mark_offline(session: Session, site: Site) -> None:
    """Its workers, which are not heard from now on."""
    for worker in session.scalars(
        select(Worker).where(Worker.name.startswith(f"{site.slug}{SITE_MARK}", autoescape=True))
    ):
        if worker.online:
            worker.online, worker.offline_since = False, now()


def end(credential: SiteCredential, reason: str) -> None:
    credential.status, credential.reason, credential.ended_at = "ended", reason[:2000], now()


def _of_site(session: Session, site_id: str, *statuses: str) -> list[SiteCredential]:
    query = select(SiteCredential).where(SiteCredential.site_id == site_id, SiteCredential.status.in_(statuses))
    return list(session.scalars(query.with_for_update()))


def say(session: Session, site: Site, message: str, actor: str, level: events.Level = "info") -> None:
    events.record(session, "site", message, actor, level, federation_id=site.federation_id, site_slug=site.slug)
