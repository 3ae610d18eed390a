"""Names of sites in what people read; data, addresses and files have their slugs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.models import Experiment, Run, Site

#: Slug to name. A site that is gone goes by its slug.
SiteNames = Mapping[str, str]


def site_names(session: Session, federation_id: str) -> dict[str, str]:
    rows = session.execute(select(Site.slug, Site.name).where(Site.federation_id == federation_id))
    return {row.slug: row.name for row in rows}


def site_names_of_runs(session: Session, run_ids: Iterable[str]) -> dict[str, dict[str, str]]:
    """By run id, with one query; none for no runs."""
    ids = list(run_ids)
    found: dict[str, dict[str, str]] = defaultdict(dict)
    query = (
        select(Run.id, Site.slug, Site.name)
        .join(Experiment, Experiment.id == Run.experiment_id)
        .join(Site, Site.federation_id == Experiment.federation_id)
        .where(Run.id.in_(ids))
    )
    for run_id, slug, name in session.execute(query) if ids else ():
        found[run_id][slug] = name
    return found


def named(slugs: Iterable[str], names: SiteNames) -> str:
    """In one line."""
    return ", ".join(names.get(slug, slug) for slug in slugs)
