"""Tests of which sites state means alone, because no score of a single case leaves them, and means over both kinds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import fsum
from statistics import fmean

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from backend.contracts.case_values import CaseValue, present_values
from backend.contracts.metrics import ScoreName
from backend.contracts.score_summaries import ScoreSummary, SiteSummary
from backend.db.models import ScoreSummaryRow


@dataclass(frozen=True, eq=False)
class StatedSite:
    """One site's summary, found by model, structure and metric."""

    summary: SiteSummary

    @cached_property
    def _scores(self) -> dict[tuple[str, str | None, ScoreName], ScoreSummary]:
        return {(score.model, score.structure, score.metric): score for score in self.summary.scores}

    @cached_property
    def models(self) -> frozenset[str]:
        return frozenset(score.model for score in self.summary.scores)

    def has(self, model: str) -> bool:
        """A site that stated too little to be in a mean was tested all the same."""
        return model in self.models or not self.summary.scores

    def of(self, model: str, structure: str | None, metric: ScoreName) -> ScoreSummary | None:
        return self._scores.get((model, structure, metric))


#: Site to what it stated.
StatedSites = dict[str, StatedSite]


@dataclass(frozen=True)
class ColumnValue:
    """One model over a column's cases."""

    mean: float | None
    num_cases: int
    num_missing: int
    num_misses: int


def stated_sites(session: Session, conditions: Iterable[ColumnElement[bool]]) -> dict[str, StatedSites]:
    """By run id."""
    columns = ScoreSummaryRow.run_id, ScoreSummaryRow.site_slug, ScoreSummaryRow.summary
    found: dict[str, StatedSites] = {}
    for run_id, slug, summary in session.execute(select(*columns).where(*conditions)):
        found.setdefault(run_id, {})[slug] = StatedSite(summary)
    return found


def store_summary(
    session: Session, run_id: str, round_number: int, site_slug: str, summary: SiteSummary | None
) -> None:
    """Testing again replaces it, also where the site's policy was opened meanwhile."""
    key = {"run_id": run_id, "round": round_number, "site_slug": site_slug}
    if summary is not None:
        session.merge(ScoreSummaryRow(**key, summary=summary))
        return
    session.execute(delete(ScoreSummaryRow).filter_by(**key))


def column_value(values: Sequence[CaseValue], stated: Sequence[ScoreSummary]) -> ColumnValue:
    """The mean over all cases that have a value, whether their site sent them or their mean."""
    present = present_values(values)
    means = [(score.mean, score.num_valued) for score in stated if score.mean is not None and score.num_valued]
    if means:
        total = fsum([*present, *(mean * number for mean, number in means)])
        mean: float | None = total / (len(present) + sum(number for _, number in means))
    else:
        mean = fmean(present) if present else None
    return ColumnValue(
        mean=mean,
        num_cases=len(values) + sum(score.num_cases for score in stated),
        num_missing=sum(value.missing for value in values) + sum(score.num_missing for score in stated),
        num_misses=sum(value.missed for value in values) + sum(score.num_misses for score in stated),
    )
