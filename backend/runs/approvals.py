"""What runs ask of hospitals: which wait for whose decision, and what a hospital decided.

The hub only remembers, and hands out no task that would be refused for want of a decision. It is the hospital's agent
that trains nothing without a consent on its own disk.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from backend.clock import now
from backend.contracts.consent import terms_sha256
from backend.contracts.datasets import DatasetManifest
from backend.contracts.status import TERMINAL_RUN_STATUSES
from backend.contracts.tasks import RunSpec
from backend.contracts.values import stored_values
from backend.db.models import Run, RunApproval, RunDataset, Site, SiteConsent
from backend.db.session import wake_sites
from backend.joined_sites import joined_queues
from backend.queue import REAL_QUEUE_PREFIX, site_queue

#: A consent to the very terms that the run has now.
DECIDED = and_(SiteConsent.site_id == RunApproval.site_id, SiteConsent.terms_sha256 == RunApproval.terms_sha256)


def ask(session: Session, run: Run) -> None:
    """Of every real site whose data the run has. Called wherever the run's spec or data are fixed, or change."""
    session.flush()
    for site in session.scalars(_sites_of(run)):
        _ask(session, run, site)


def ask_where_missing(session: Session, site_id: str, queue: str) -> None:
    """For runs that were started before anybody asked."""
    asks_nobody = (
        select(Run.id)
        .join(RunDataset, RunDataset.run_id == Run.id)
        .outerjoin(RunApproval, and_(RunApproval.run_id == Run.id, RunApproval.site_id == site_id))
        .where(RunDataset.queue == queue, RunApproval.run_id.is_(None), Run.status.not_in(TERMINAL_RUN_STATUSES))
    )
    for run in session.scalars(select(Run).where(Run.id.in_(asks_nobody))).all():
        _ask(session, run, session.get_one(Site, site_id))


def decided_runs(site_id: str) -> Select[str]:
    """The ids of runs on whose terms the site has decided, either way."""
    return select(RunApproval.run_id).join(SiteConsent, DECIDED).where(RunApproval.site_id == site_id)


def undecided_runs(session: Session, site_id: str) -> tuple[str, ...]:
    """Those not over, the oldest first."""
    query = (
        select(Run.id)
        .join(RunApproval, RunApproval.run_id == Run.id)
        .outerjoin(SiteConsent, DECIDED)
        .where(RunApproval.site_id == site_id, SiteConsent.id.is_(None), Run.status.not_in(TERMINAL_RUN_STATUSES))
    )
    return tuple(session.scalars(query.order_by(RunApproval.asked_at, Run.id)))


def waiting_since(session: Session, run_ids: Iterable[str]) -> dict[str, dict[str, datetime]]:
    """By run id and queue: since when the run waits for the decision of a site that joined."""
    query = (
        select(RunApproval.run_id, RunApproval.asked_at, Site)
        .join(Site, Site.id == RunApproval.site_id)
        .outerjoin(SiteConsent, DECIDED)
        .where(RunApproval.run_id.in_(run_ids), SiteConsent.id.is_(None))
    )
    rows = session.execute(query).all()
    joined = joined_queues(session) if rows else frozenset()
    found: dict[str, dict[str, datetime]] = defaultdict(dict)
    for run_id, asked_at, site in rows:
        if (queue := site_queue(site.kind, site.slug)) in joined:
            found[run_id][queue] = asked_at
    return found


def terms_of(session: Session, run: Run, queue: str) -> tuple[RunSpec, tuple[DatasetManifest, ...]]:
    """What a hospital is asked: the run, and its own data in it, as they are read from JSON."""
    assert run.spec is not None, "a run that was never started asks nobody"
    rows = select(RunDataset).where(RunDataset.run_id == run.id, RunDataset.queue == queue)
    manifests = [row.manifest for row in session.scalars(rows.order_by(RunDataset.position))]
    with stored_values():
        spec = RunSpec.model_validate_json(run.spec.model_dump_json())
        return spec, tuple(DatasetManifest.model_validate_json(data.model_dump_json()) for data in manifests)


def _ask(session: Session, run: Run, site: Site) -> None:
    wake_sites(session)
    digest = terms_sha256(*terms_of(session, run, site_queue(site.kind, site.slug)))
    row = session.get(RunApproval, (run.id, site.id))
    if row is None:
        session.add(RunApproval(run_id=run.id, site_id=site.id, terms_sha256=digest, asked_at=now()))
    elif row.terms_sha256 != digest:
        row.terms_sha256, row.asked_at = digest, now()


def _sites_of(run: Run) -> Select[Site]:
    """A real site's slug stands in its queue, and nobody else's real site has it."""
    queues = select(RunDataset.queue).where(RunDataset.run_id == run.id, RunDataset.queue.startswith(REAL_QUEUE_PREFIX))
    return select(Site).where(Site.kind == "real", (REAL_QUEUE_PREFIX + Site.slug).in_(queues))
