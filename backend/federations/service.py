"""Federations."""

from collections import defaultdict

from sqlalchemy import delete, distinct, func, select
from sqlalchemy.orm import Session

from backend.clock import now
from backend.contracts.status import TERMINAL_RUN_STATUSES, RunStatus
from backend.db.lookup import get_row, lock_row
from backend.db.models import Dataset, DryRun, Experiment, Federation, Run, Site
from backend.errors import Conflict, ExperimentRunning, NameTaken
from backend.events import service as events
from backend.events.changes import from_to
from backend.federations.schemas import FederationCreate, FederationRecord, FederationUpdate
from backend.sites import service as sites
from backend.sites.schemas import SiteRecord

UNDER_WAY = (RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.EVALUATING)


def create_federation(session: Session, body: FederationCreate, actor: str) -> Federation:
    _require_free_name(session, body.name, None)
    federation = Federation(name=body.name, description=body.description, task=body.task, created_at=now())
    session.add(federation)
    session.flush()
    message = f"{actor} created the federation {federation.name}."
    events.record(session, "federation", message, actor, federation_id=federation.id)
    return federation


def update_federation(session: Session, federation_id: str, body: FederationUpdate, actor: str) -> Federation:
    """Changes what is given and leaves the rest."""
    federation = get_row(session, Federation, federation_id)
    if body.archived:
        _require_no_run_under_way(session, federation)
    if body.name is not None and body.name != federation.name:
        _require_free_name(session, body.name, federation_id)
        _record(session, federation, f"{actor} renamed the federation {federation.name} to {body.name}.", actor)
        federation.name = body.name
    if body.description is not None and body.description != federation.description:
        changed = from_to(federation.description, body.description)
        message = f"{actor} changed the description of the federation {federation.name} {changed}."
        _record(session, federation, message, actor)
        federation.description = body.description
    if body.archived is not None and body.archived != (federation.archived_at is not None):
        federation.archived_at = now() if body.archived else None
        done = "archived" if body.archived else "restored"
        _record(session, federation, f"{actor} {done} the federation {federation.name}.", actor)
    return federation


def _record(session: Session, federation: Federation, message: str, actor: str) -> None:
    events.record(session, "federation", message, actor, federation_id=federation.id)


def _require_no_run_under_way(session: Session, federation: Federation) -> None:
    """Nobody would see it any more, and it would go on."""
    query = select(Experiment.name).join(Run, Run.experiment_id == Experiment.id)
    under_way = Run.status.not_in((RunStatus.CREATED, *TERMINAL_RUN_STATUSES))
    name = session.scalar(query.where(Experiment.federation_id == federation.id, under_way).limit(1))
    if name is not None:
        raise ExperimentRunning(
            f"the federation {federation.name!r} has a run under way, of the experiment {name!r}: cancel it first"
        )


def delete_federation(session: Session, federation_id: str, actor: str) -> None:
    """With its sites. Raises Conflict where it has a data set or an experiment. Its events stay."""
    federation = lock_row(session, Federation, federation_id)
    of_datasets = select(func.count()).select_from(Dataset).join(Site, Site.id == Dataset.site_id)
    num_datasets = session.scalar(of_datasets.where(Site.federation_id == federation_id)) or 0
    num_experiments = session.scalar(select(func.count()).where(Experiment.federation_id == federation_id)) or 0
    if num_datasets or num_experiments:
        raise Conflict(
            f"the federation {federation.name!r} has {num_datasets} data set(s) and {num_experiments} experiment(s): "
            "delete them first, or archive the federation, which hides it and loses nothing"
        )
    session.execute(delete(DryRun).where(DryRun.federation_id == federation_id))
    session.execute(delete(Site).where(Site.federation_id == federation_id))
    session.delete(federation)
    events.record(session, "federation", f"{actor} deleted the federation {federation.name}.", actor)


def federation_records(session: Session, federations: list[Federation]) -> list[FederationRecord]:
    ids = [federation.id for federation in federations]
    rows = session.scalars(select(Site).where(Site.federation_id.in_(ids)).order_by(Site.position)).all()
    sites_of: dict[str, list[SiteRecord]] = defaultdict(list)
    for record in sites.site_records(session, list(rows)):
        sites_of[record.federation_id].append(record)
    counting = select(Experiment.federation_id, func.count()).where(Experiment.federation_id.in_(ids))
    counts = dict(session.execute(counting.group_by(Experiment.federation_id)).all())
    running = _num_running(session, ids)
    return [
        FederationRecord(
            id=federation.id,
            name=federation.name,
            description=federation.description,
            task=federation.task,
            created_at=federation.created_at,
            archived_at=federation.archived_at,
            sites=sites_of[federation.id],
            num_experiments=counts.get(federation.id, 0),
            num_running=running.get(federation.id, 0),
        )
        for federation in federations
    ]


def _num_running(session: Session, federation_ids: list[str]) -> dict[str, int]:
    query = (
        select(Experiment.federation_id, func.count(distinct(Experiment.id)))
        .join(Run, Run.experiment_id == Experiment.id)
        .where(Experiment.federation_id.in_(federation_ids), Run.status.in_(UNDER_WAY))
        .group_by(Experiment.federation_id)
    )
    return dict(session.execute(query).all())


def _require_free_name(session: Session, name: str, own_id: str | None) -> None:
    other = session.scalar(select(Federation.id).where(Federation.name == name))
    if other not in (None, own_id):
        raise NameTaken(f"there is already a federation named {name!r}: choose another name")
