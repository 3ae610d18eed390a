"""The scores of a finished run's models at each site, with intervals, at the run's threshold or another."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from backend.contracts.case_values import present_values
from backend.contracts.site_addition import AddedSite
from backend.contracts.version_scores import VersionScore
from backend.db.models import Run
from backend.evaluations.scored_cases import (
    GLOBAL,
    SUPER,
    Query,
    evaluated_cases,
    places_of,
    stated_of_run,
    summaries_of,
    valued_cases,
)
from backend.evaluations.statistics import bootstrap_mean
from backend.evaluations.summaries import column_value
from backend.evaluations.validated_threshold import at_threshold


def version_scores(session: Session, run: Run, gamma: float | None = None) -> Iterator[VersionScore]:
    """All sites that trained together first, then each site; no interval where a site stated its mean alone. Of a model
    that a site was added to that site alone, where it was tested.

    gamma: another threshold of the super model than the run's. What a site stated of the super model is at the run's,
    so that it then says nothing.
    """
    rows, places = evaluated_cases(session, [run.id], "best"), places_of(run)
    if gamma is not None:
        rows = [at_threshold(row, gamma) for row in rows]
    stated, query = stated_of_run(session, run, "best"), Query("dice", "best")
    added = run.spec.added if run.spec is not None else None
    for slug in [None, *places.all] if added is None else [added.site]:
        for model in run.strategy.card.models:
            values = places.values(valued_cases(rows, model, query), slug)
            summaries = summaries_of(stated, places, model, query, slug)
            if gamma is not None and model == SUPER and summaries:
                continue
            found = column_value(values, summaries)
            if not found.num_cases:
                continue
            interval = None if summaries else bootstrap_mean(present_values(values))
            yield VersionScore(
                model=model,
                site_slug=slug,
                held_out=slug in places.unseen or (added is not None and not _saw(added, model)),
                dice=found.mean,
                low=interval.low if interval else None,
                high=interval.high if interval else None,
                num_cases=found.num_cases,
            )


def _saw(added: AddedSite, model: str) -> bool:
    """Whether a model was trained at the site that was added: its own, where a version was named that has one."""
    return added.model is not None and model != GLOBAL
