"""Sites: their order, their slugs, and whether somebody serves them."""

import re
import unicodedata
from collections import defaultdict
from typing import cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.clock import now
from backend.contracts.datasets import SitePolicy
from backend.contracts.metrics import Split
from backend.contracts.status import DatasetStatus
from backend.contracts.tasks import COORDINATOR, POOLED
from backend.db.lookup import lock_row
from backend.db.models import Case, Dataset, Federation, Site
from backend.errors import InvalidInput, NameTaken
from backend.events import service as events
from backend.events.changes import from_to
from backend.queue import SIMULATED_QUEUE, site_queue
from backend.sites.enrolment.links import links
from backend.sites.enrolment.schemas import SiteLink
from backend.sites.policies import first_policy, policy_changes
from backend.sites.presence import Presence, load_presence
from backend.sites.schemas import SiteCreate, SiteKind, SiteRecord, SiteState, SiteUpdate
from backend.sites.unserved import unserved as unserved
from backend.sites.unserved import unserved_by

RESERVED_SLUGS = frozenset({POOLED, COORDINATOR, SIMULATED_QUEUE, "global", "super"})


def create_site(session: Session, federation_id: str, body: SiteCreate, actor: str) -> Site:
    """Raises NameTaken if the slug is used in the federation, or by a real site anywhere."""
    federation = lock_row(session, Federation, federation_id)
    siblings = list_sites(session, federation_id)
    slug = body.slug or _slug_from_name(body.name)
    if slug in RESERVED_SLUGS:
        raise InvalidInput.of_field("slug", slug, "is a word of the platform", "choose another slug")
    if any(site.slug == slug for site in siblings):
        raise NameTaken(f"the federation already has a site with the slug {slug!r}: choose another slug")
    if body.kind == "real" and session.scalar(select(Site.id).where(Site.kind == "real", Site.slug == slug)):
        raise NameTaken(f"another federation has a real site with the slug {slug!r}, which names its queue: choose one")
    site = Site(
        federation_id=federation_id,
        slug=slug,
        name=body.name,
        kind=body.kind,
        position=len(siblings),
        created_at=now(),
        description=body.description.strip(),
        contact=body.contact.strip(),
        policy=body.policy or first_policy(body.kind),
    )
    session.add(site)
    session.flush()
    message = f"{actor} added the site {site.name} to {federation.name}."
    events.record(session, "site", message, actor, federation_id=federation_id, site_slug=slug)
    return site


def update_site(session: Session, site_id: str, body: SiteUpdate, actor: str) -> Site:
    """Changes what is given and leaves the rest."""
    site = lock_row(session, Site, site_id)
    if body.name is not None and body.name != site.name:
        _record(session, site, f"{actor} renamed the site {site.name} to {body.name}.", actor)
        site.name = body.name
    _describe(session, site, body, actor)
    if body.policy is not None and body.policy != policy_of(site):
        changes = "; ".join(policy_changes(policy_of(site), body.policy))
        site.policy = body.policy
        _record(session, site, f"{actor} changed the policy of {site.name}: {changes}.", actor)
    if body.archived is not None and body.archived != (site.archived_at is not None):
        site.archived_at = now() if body.archived else None
        _record(session, site, f"{actor} {'archived' if body.archived else 'restored'} the site {site.name}.", actor)
    return site


def _describe(session: Session, site: Site, body: SiteUpdate, actor: str) -> None:
    for field in ("description", "contact"):
        new = getattr(body, field)
        old = getattr(site, field)
        if new is not None and new.strip() != old:
            setattr(site, field, new.strip())
            _record(session, site, f"{actor} changed the {field} of {site.name} {from_to(old, new.strip())}.", actor)


def policy_of(site: Site) -> SitePolicy:
    """The site's own, or the contract's where none was ever set."""
    return site.policy or SitePolicy()


def policies_by_slug(session: Session, federation_id: str) -> dict[str, SitePolicy]:
    """Of every site of a federation, those archived too."""
    return {site.slug: policy_of(site) for site in list_sites(session, federation_id)}


def _record(session: Session, site: Site, message: str, actor: str) -> None:
    events.record(session, "site", message, actor, federation_id=site.federation_id, site_slug=site.slug)


def list_sites(session: Session, federation_id: str) -> list[Site]:
    """In site order, those archived among them."""
    return list(session.scalars(select(Site).where(Site.federation_id == federation_id).order_by(Site.position)))


def active_sites(session: Session, federation_id: str) -> list[Site]:
    """In site order, without those archived: whom new experiments and statistics are about."""
    return [site for site in list_sites(session, federation_id) if site.archived_at is None]


def site_records(session: Session, sites: list[Site]) -> list[SiteRecord]:
    cases = _case_counts(session, [site.id for site in sites])
    presence = load_presence(session)
    joined = links(session, [site.id for site in sites])
    return [_site_record(site, cases[site.id], presence, joined.get(site.id)) for site in sites]


def _site_record(site: Site, num_cases: dict[Split, int], presence: Presence, link: SiteLink | None) -> SiteRecord:
    queue = site_queue(site.kind, site.slug)
    worker = presence.worker_of(queue)
    tasks = presence.tasks[site.federation_id, site.slug]
    state: SiteState = "offline"
    if worker is not None and worker.online:
        state = "busy" if tasks else "online"
    return SiteRecord(
        id=site.id,
        federation_id=site.federation_id,
        slug=site.slug,
        name=site.name,
        description=site.description,
        contact=site.contact,
        archived_at=site.archived_at,
        kind=cast(SiteKind, site.kind),
        position=site.position,
        state=state,
        unserved=unserved_by(presence.workers, site),
        last_seen_at=worker.last_seen_at if worker else None,
        hardware=worker.hardware if worker else None,
        gpus=presence.gpus_of(queue),
        queue=queue,
        tasks=tasks,
        policy=policy_of(site),
        link=link,
        num_cases=num_cases,
    )


def _case_counts(session: Session, site_ids: list[str]) -> dict[str, dict[Split, int]]:
    counts: dict[str, dict[Split, int]] = defaultdict(lambda: {"train": 0, "val": 0, "test": 0})
    query = (
        select(Dataset.site_id, Case.split, func.count())
        .join(Case, Case.dataset_id == Dataset.id)
        .where(Dataset.site_id.in_(site_ids), Dataset.status == DatasetStatus.READY, Case.used)
        .group_by(Dataset.site_id, Case.split)
    )
    for site_id, split, count in session.execute(query):
        counts[site_id][cast(Split, split)] = count
    return counts


def _slug_from_name(name: str) -> str:
    """'Clínica Norte 2' -> 'clinica-norte-2'."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-")[:40].strip("-")
    if not slug:
        raise InvalidInput.of_field("name", name, "has no letter or digit to make a slug of", "give a slug")
    return slug
