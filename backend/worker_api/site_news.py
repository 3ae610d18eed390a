"""Whether there may be something for a hospital that waits: looked up once for all that do."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from backend.contracts.link import PollRequest
from backend.contracts.status import TERMINAL_RUN_STATUSES, TaskStatus
from backend.db.models import Run, RunApproval, Site, SiteConsent, SiteCredential, Task
from backend.db.session import Database, read_only
from backend.queue import REAL_QUEUE_PREFIX
from backend.runs.approvals import DECIDED
from backend.sites.enrolment.identity import SiteWorker


@dataclass(frozen=True)
class SiteNews:
    """credentials: the ids of those that are valid. tasks: by queue, that wait and that the site has decided on, where
    it has to. undecided: by site id, the runs that wait for its decision."""

    credentials: frozenset[str]
    tasks: dict[str, frozenset[str]]
    undecided: dict[str, frozenset[str]]

    def may_concern(self, worker: SiteWorker, body: PollRequest) -> bool:
        """True wherever the answer could say something new. A site that pauses may get nothing all the same."""
        return (
            worker.credential_id not in self.credentials
            or not self.tasks.get(worker.queue, frozenset()) <= set(body.known)
            or not self.undecided.get(worker.site_id, frozenset()) <= set(body.known_approvals)
        )


def look(database: Database) -> SiteNews:
    """Of all hospitals, with as many queries as for one."""
    with read_only(database) as session:
        credentials = session.scalars(select(SiteCredential.id).where(SiteCredential.status == "active"))
        return SiteNews(frozenset(credentials), _tasks(session), _undecided(session))


def _tasks(session: Session) -> dict[str, frozenset[str]]:
    query = (
        select(Task.queue, Task.id)
        .join(Site, and_(Site.kind == "real", REAL_QUEUE_PREFIX + Site.slug == Task.queue))
        .outerjoin(RunApproval, and_(RunApproval.run_id == Task.run_id, RunApproval.site_id == Site.id))
        .outerjoin(SiteConsent, DECIDED)
        .where(Task.status == TaskStatus.QUEUED, Task.run_id.is_(None) | SiteConsent.id.is_not(None))
    )
    return _grouped((owner, item) for owner, item in session.execute(query))


def _undecided(session: Session) -> dict[str, frozenset[str]]:
    query = (
        select(RunApproval.site_id, Run.id)
        .join(Run, Run.id == RunApproval.run_id)
        .outerjoin(SiteConsent, DECIDED)
        .where(SiteConsent.id.is_(None), Run.status.not_in(TERMINAL_RUN_STATUSES))
    )
    return _grouped((owner, item) for owner, item in session.execute(query))


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for owner, item in pairs:
        found[owner].add(item)
    return {owner: frozenset(items) for owner, items in found.items()}
