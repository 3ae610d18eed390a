"""The test scores of many runs, each as one number a metric: what a list of runs shows and sorts by."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from backend.contracts.metrics import SCORES
from backend.contracts.status import RunStatus
from backend.db.models import Experiment, Run, TestMeans
from backend.evaluations.results import distance_unit
from backend.evaluations.run_scores.schemas import RunTestScores
from backend.evaluations.scored_cases import (
    Query,
    TestedCaseScores,
    evaluated_cases,
    places_of,
    stated_of_runs,
    summaries_of,
    valued_cases,
)
from backend.evaluations.summaries import StatedSites, column_value


def tested_runs(federation_id: str, experiment_id: str | None) -> Select[Run]:
    """Completed runs, the newest first; experiment_id None: of all experiments."""
    query = select(Run).join(Experiment, Experiment.id == Run.experiment_id)
    query = query.where(Experiment.federation_id == federation_id, Run.status == RunStatus.COMPLETED)
    if experiment_id is not None:
        query = query.where(Experiment.id == experiment_id)
    return query.order_by(Run.finished_at.desc(), Run.id)


def scores_of_runs(session: Session, runs: Sequence[Run]) -> list[RunTestScores]:
    """In the same order; runs of which no test was stored are left out. Of runs with kept means no case is read."""
    rows = session.scalars(select(TestMeans).where(TestMeans.run_id.in_([run.id for run in runs])))
    found = {row.run_id: _kept(row) for row in rows}
    made = _made_of_cases(session, [run for run in runs if run.id not in found])
    found |= {scores.run_id: scores for scores in made}
    return [found[run.id] for run in runs if run.id in found]


def keep_scores(session: Session, run: Run) -> None:
    """Called when the run's test is over."""
    session.flush()
    for scores in _made_of_cases(session, [run]):
        session.merge(TestMeans(**scores.model_dump(mode="json")))


def _kept(row: TestMeans) -> RunTestScores:
    scores = {metric: row.scores.get(metric) for metric in SCORES}  # a metric may be newer than the test
    return RunTestScores.model_validate(
        {"run_id": row.run_id, "model": row.model, "num_cases": row.num_cases, "unit": row.unit, "scores": scores}
    )


def _made_of_cases(session: Session, runs: Sequence[Run]) -> list[RunTestScores]:
    if not runs:
        return []
    ids = [run.id for run in runs]
    rows: dict[str, list[TestedCaseScores]] = defaultdict(list)
    for row in evaluated_cases(session, ids, "best"):
        rows[row.run_id].append(row)
    stated = stated_of_runs(session, ids, "best")
    return [
        _scores(run, rows.get(run.id, []), stated.get(run.id, {})) for run in runs if run.id in rows or run.id in stated
    ]


def _scores(run: Run, rows: list[TestedCaseScores], stated: StatedSites) -> RunTestScores:
    model, places = run.strategy.card.models[-1], places_of(run)
    own = places.select(rows, None)
    values = {}
    for metric in SCORES:
        query = Query(metric, "best")
        of_cases = [value for _, value in valued_cases(own, model, query)]
        values[metric] = column_value(of_cases, summaries_of(stated, places, model, query, None))
    return RunTestScores(
        run_id=run.id,
        model=model,
        num_cases=max((value.num_cases for value in values.values()), default=0),
        unit=distance_unit({run.id: own}, {run.id: stated}),
        scores={metric: value.mean for metric, value in values.items()},
    )
