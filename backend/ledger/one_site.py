"""The data sets of one site that a registered model is used on again."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from backend.contracts.config_problems import in_short
from backend.contracts.status import DatasetStatus
from backend.db.lookup import get_row
from backend.db.models import Dataset, Site
from backend.errors import InvalidInput


def data_of_one_site(session: Session, ids: Sequence[str], federation_id: str) -> tuple[Site, list[Dataset]]:
    """In the order of their registration. Raises InvalidInput for data of several sites, of another federation, of an
    archived site, or not checked."""
    rows = [get_row(session, Dataset, dataset_id) for dataset_id in dict.fromkeys(ids)]
    sites = {row.site_id: session.get_one(Site, row.site_id) for row in rows}
    names = in_short([row.name for row in rows])
    if len(sites) > 1:
        raise InvalidInput.of_field("datasets", names, "are of several sites", "take one site after the other")
    (site,) = sites.values()
    if site.federation_id != federation_id:
        remedy = "choose a data set of a site of the model's federation"
        raise InvalidInput.of_field("datasets", names, "are of another federation", remedy)
    if site.archived_at is not None:
        raise InvalidInput.of_field("datasets", names, f"are of {site.slug}, which is archived", "unarchive the site")
    for row in rows:
        if row.status != DatasetStatus.READY:
            remedy = "wait for its check, or check it again"
            raise InvalidInput.of_field("datasets", row.name, f"is {row.status}", remedy)
    return site, sorted(rows, key=lambda row: (row.created_at, row.id))
