"""Learning curves: one a run, the mean over sites weighted by their cases."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.contracts.report_document import ReportCurve
from backend.db.models import Metric, Run

#: What a method is for, most of all.
BY_PURPOSE = ("super", "personalized", "global")


def validation_curves(session: Session, runs: Iterable[Run]) -> Iterator[ReportCurve]:
    """Of the runs that validated at least once."""
    for run in runs:
        query = select(Metric).where(
            Metric.run_id == run.id, Metric.name == "dice", Metric.split == "val", Metric.structure.is_(None)
        )
        rows = list(session.scalars(query.order_by(Metric.id)))
        model = next((name for name in BY_PURPOSE if any(row.model == name for row in rows)), None)
        if model is None:
            continue
        rounds: dict[int, dict[str, Metric]] = defaultdict(dict)
        for row in rows:  # a resumed run repeats a round: the later number counts
            if row.model == model:
                rounds[row.round][row.site_slug] = row
        points = tuple((number, _weighted_mean(rounds[number].values())) for number in sorted(rounds))
        yield ReportCurve(label=run.strategy_label, seed=run.seed, model=model, points=points)


def _weighted_mean(metrics: Iterable[Metric]) -> float:
    rows = list(metrics)
    weight = sum(row.num_cases for row in rows)
    if weight == 0:
        return sum(row.value for row in rows) / len(rows)
    return sum(row.value * row.num_cases for row in rows) / weight
