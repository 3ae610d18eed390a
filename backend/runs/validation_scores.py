"""What the sites' validation said of the rounds of runs."""

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.contracts.best_round import ValidationScore
from backend.db.models import Metric, Run

#: Round to participant to score.
Scores = dict[int, dict[str, ValidationScore]]


def validation_scores(session: Session, run: Run) -> Scores:
    """Of the model that the method is for: round to participant to mean Dice, of those with validation cases."""
    return validation_scores_of(session, [run]).get(run.id, {})


def validation_scores_of(session: Session, runs: Iterable[Run]) -> dict[str, Scores]:
    """The same of several runs, by their ids."""
    by_id = {run.id: run for run in runs}
    columns = (Metric.run_id, Metric.round, Metric.site_slug, Metric.model, Metric.value, Metric.num_cases)
    query = select(*columns).where(
        Metric.run_id.in_(by_id),
        Metric.round >= 1,
        Metric.split == "val",
        Metric.name == "dice",
        Metric.structure.is_(None),
        Metric.num_cases > 0,
    )
    found: dict[str, Scores] = defaultdict(lambda: defaultdict(dict))
    for run_id, number, site, model, value, num_cases in session.execute(
        query.order_by(Metric.round, Metric.site_slug)
    ):
        run = by_id[run_id]
        if model == run.criterion and number <= run.num_rounds:
            found[run_id][number][site] = ValidationScore(value, num_cases)
    return {run_id: dict(rounds) for run_id, rounds in found.items()}
