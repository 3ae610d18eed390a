"""Federations."""

from collections import defaultdict

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.clock import now
from backend.db.lookup import get_row
from backend.db.models import Experiment, Federation, Site
from backend.errors import NameTaken
from backend.events import service as events
from backend.federations.schemas import FederationCreate, FederationRecord, FederationUpdate, SiteRecord
from backend.sites import service as sites


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
    if body.name is not None:
        _require_free_name(session, body.name, federation_id)
        federation.name = body.name
    if body.description is not None:
        federation.description = body.description
    if body.archived is not None:
        federation.archived_at = now() if body.archived else None
    message = f"{actor} changed the federation {federation.name}."
    events.record(session, "federation", message, actor, federation_id=federation.id)
    return federation


def federation_records(session: Session, federations: list[Federation]) -> list[FederationRecord]:
    ids = [federation.id for federation in federations]
    rows = session.scalars(select(Site).where(Site.federation_id.in_(ids)).order_by(Site.position)).all()
    sites_of: dict[str, list[SiteRecord]] = defaultdict(list)
    for record in sites.site_records(session, list(rows)):
        sites_of[record.federation_id].append(record)
    counting = select(Experiment.federation_id, func.count()).where(Experiment.federation_id.in_(ids))
    counts = dict(session.execute(counting.group_by(Experiment.federation_id)).all())
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
        )
        for federation in federations
    ]


def _require_free_name(session: Session, name: str, own_id: str | None) -> None:
    other = session.scalar(select(Federation.id).where(Federation.name == name))
    if other not in (None, own_id):
        raise NameTaken(f"there is already a federation named {name!r}: choose another name")
