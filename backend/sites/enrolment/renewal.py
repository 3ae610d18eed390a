"""What a joined site says of its own credential: that it is in use, that another key follows, that it leaves."""

import base64

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.artifacts.owners import OWNERS
from backend.clock import now
from backend.contracts.link import NewKey, PollRequest, RemainsAtHub
from backend.contracts.site_pause import SaidPause
from backend.db.lookup import lock_row
from backend.db.models import Artifact, Case, Dataset, Experiment, Run, RunDataset, Site, SiteCredential, TestedCase
from backend.errors import Conflict, CredentialEnded, CredentialStopped, RequestSignatureRefused
from backend.link.keys import PublicKey, phrase, proof_message
from backend.sites.enrolment import codes, copies, service
from backend.sites.enrolment.identity import KEY_REPLACED, SiteWorker

IN_USE_TWICE = "The credential of {site} is in use twice, or was restored from a backup: both wait."


def renew(session: Session, worker: SiteWorker, body: PollRequest) -> CredentialStopped | None:
    """Notes that the credential is in use. Returns, rather than raises, that it was found in use twice: the credential
    is stopped with it."""
    credential = _locked(session, worker)
    if not copies.counted_on(credential, body.renewal):
        return copies.stop(session, credential, IN_USE_TWICE)
    credential.renewal_number = body.renewal.number
    credential.renewal_sha256 = codes.hash_of(body.renewal.secret)
    credential.last_seen_at = now()
    _note_pause(credential, body.pause)
    credential.own_policy = body.policy
    credential.version, credential.hardware = body.version, body.hardware
    return None


def _note_pause(credential: SiteCredential, pause: SaidPause | None) -> None:
    """One line of the policy counts as one pause, however often its words change."""
    before = credential.pause
    is_same = pause is not None and before is not None and pause.line == before.line
    credential.pause = pause
    if is_same or pause == before:
        return
    credential.paused_at = None if pause is None else now()


def replace_key(session: Session, worker: SiteWorker, body: NewKey, server_key: PublicKey) -> CredentialStopped | None:
    """The new key at once takes the place of the one that signed the request. Returns, as `renew` does, that the
    credential was found in use twice. Raises RequestSignatureRefused without the new key's own signature, Conflict for
    a key that is known."""
    credential = _locked(session, worker)
    if body.renewal is not None and not copies.counted_on(credential, body.renewal):
        return copies.stop(session, credential, IN_USE_TWICE)
    old, new = PublicKey.from_text(credential.public_key), service.public_key(body.public_key)
    if not new.verifies(base64.b64decode(body.proof), proof_message(old, new)):
        raise RequestSignatureRefused("the new key did not sign that it follows: make the proof with its private half")
    if session.scalar(select(SiteCredential.id).where(SiteCredential.fingerprint == new.fingerprint)):
        raise Conflict("this key was registered before: make a new one")
    service.end(credential, KEY_REPLACED)
    session.add(
        SiteCredential(
            site_id=worker.site_id,
            public_key=new.text,
            fingerprint=new.fingerprint,
            phrase=phrase(server_key, new),
            status="active",
            hardware=credential.hardware,
            version=credential.version,
            created_at=now(),
            accepted_at=credential.accepted_at,
            accepted_by=credential.accepted_by,
            last_seen_at=now(),
        )
    )
    site = session.get_one(Site, worker.site_id)
    message = f"{site.name} made a new key, which follows the old one. If the site says it did not, revoke it."
    service.say(session, site, message, worker.slug, "warning")
    return None


def leave(session: Session, worker: SiteWorker) -> RemainsAtHub:
    """The credential ends. Answers with what of the site stays here."""
    credential = _locked(session, worker)
    service.end(credential, "the site left")
    site = session.get_one(Site, worker.site_id)
    service.void_invitations(session, site.id)
    service.mark_offline(session, site)
    service.say(session, site, f"{site.name} left: its credential is not valid any more.", worker.slug, "warning")
    return _what_remains(session, site)


def _what_remains(session: Session, site: Site) -> RemainsAtHub:
    of_site = select(Dataset.id).where(Dataset.site_id == site.id)
    cases = select(Case).where(Case.dataset_id.in_(of_site)).subquery()
    thumbnails = set(session.scalars(select(cases.c.thumbnail).where(cases.c.thumbnail.is_not(None))))
    runs = (
        select(func.count(func.distinct(Run.id)))
        .join(RunDataset, RunDataset.run_id == Run.id)
        .where(RunDataset.dataset_id.in_(of_site))
    )
    files = _files_of_tested_cases(session, site)
    sizes = select(Artifact.sha256, Artifact.num_bytes)
    num_bytes = sum(size for sha256, size in session.execute(sizes) if sha256 in thumbnails | files)
    return RemainsAtHub(
        datasets=session.scalar(select(func.count()).select_from(of_site.subquery())) or 0,
        cases=session.scalar(select(func.count()).select_from(cases)) or 0,
        thumbnails=len(thumbnails),
        runs=session.scalar(runs) or 0,
        images_and_masks=len(files),
        bytes=num_bytes,
    )


def _files_of_tested_cases(session: Session, site: Site) -> set[str]:
    found: set[str] = set()
    runs = select(Run.id).join(Experiment, Experiment.id == Run.experiment_id)
    in_federation = runs.where(Experiment.federation_id == site.federation_id)
    for owner in OWNERS:
        if owner.model is TestedCase:
            query = owner.rows().where(TestedCase.site_slug == site.slug, TestedCase.run_id.in_(in_federation))
            for (value,) in session.execute(query):
                found.update(owner.hashes_in(value))
    return found


def _locked(session: Session, worker: SiteWorker) -> SiteCredential:
    """As it is now: somebody may have ended it since the signature was looked at. Raises CredentialEnded."""
    credential = lock_row(session, SiteCredential, worker.credential_id)
    if credential.status != "active":
        raise CredentialEnded(f"this credential is not valid any more ({credential.reason}): ask for a new kit")
    return credential
