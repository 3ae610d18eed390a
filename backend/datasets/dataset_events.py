"""Events of data sets."""

from sqlalchemy.orm import Session

from backend.db.models import Dataset, Site
from backend.events import service as events


def record_event(
    session: Session, dataset: Dataset, site: Site, message: str, actor: str, level: events.Level = "info"
) -> None:
    about = {"federation_id": site.federation_id, "dataset_id": dataset.id, "site_slug": site.slug}
    events.record(session, "dataset", message, actor, level, **about)
