"""The personalization matrix of a run: every model on every site's test cases."""

from sqlalchemy.orm import Session

from backend.contracts.metrics import SCORES
from backend.contracts.score_text import printed
from backend.db.models import Run
from backend.evaluations.comparison import require_structure
from backend.evaluations.schemas import MatrixCell, MatrixRow, RunMatrix
from backend.evaluations.scored_cases import (
    GLOBAL,
    PERSONALIZED,
    SUPER,
    Places,
    Query,
    TestedCaseScores,
    evaluated_cases,
    places_of,
    stated_of_run,
    summaries_of,
    valued_cases,
)
from backend.evaluations.summaries import ColumnValue, StatedSites, column_value
from backend.evaluations.table_rows import best_of

#: Oracle routing: each case by the model of the site that it came from.
OWN = "own"


def run_matrix(session: Session, run: Run, query: Query) -> RunMatrix:
    """Empty until the run's evaluation. Raises InvalidInput for a structure that the task does not have."""
    require_structure([structure.name for structure in run.spec.task.structures] if run.spec else [], query.structure)
    places, rows = places_of(run), evaluated_cases(session, [run.id], query.checkpoint)
    stated = stated_of_run(session, run, query.checkpoint)
    return RunMatrix(
        run_id=run.id,
        round=checkpoint_round(run, query),
        metric=query.metric,
        checkpoint=query.checkpoint,
        structure=query.structure,
        higher_is_better=not SCORES[query.metric].lower_is_better,
        sites=places.all,
        unseen_sites=places.unseen,
        rows=_with_best([_row(rows, stated, places, model, query) for model in _models(rows, stated, run)], query),
    )


def checkpoint_round(run: Run, query: Query) -> int:
    return run.num_rounds if query.checkpoint == "last" else run.best_round or 0


def _models(rows: list[TestedCaseScores], stated: StatedSites, run: Run) -> list[str]:
    """Those that were scored: single models, then ways of choosing among them."""
    scored = {model for row in rows for model in row.scores} | {
        model for site in stated.values() for model in site.models
    }
    sites = run.spec.sites if run.spec else ()
    tested = {row.site_slug for row in rows} | stated.keys()
    own = {f"{PERSONALIZED}/{slug}" for slug in sites if slug in tested}
    order = [GLOBAL, *(f"{PERSONALIZED}/{slug}" for slug in sites)]
    return [model for model in order if model in scored] + [
        *([OWN] if own & scored else []),
        *([SUPER] if SUPER in scored else []),
    ]


def _row(rows: list[TestedCaseScores], stated: StatedSites, places: Places, model: str, query: Query) -> MatrixRow:
    kind = PERSONALIZED if model == OWN else model
    valued = valued_cases(rows, kind, query)
    found = [
        column_value(places.values(valued, slug), summaries_of(stated, places, kind, query, slug))
        for slug in places.columns
    ]
    return MatrixRow(
        model=model, cells=[_cell(value, slug, query) for value, slug in zip(found, places.columns, strict=True)]
    )


def _with_best(rows: list[MatrixRow], query: Query) -> list[MatrixRow]:
    """By the rule of every table; all models of one run have the same cases, but not the same misses."""
    for cells in zip(*(row.cells for row in rows), strict=True):
        fewest = min((cell.num_misses for cell in cells if cell.mean is not None), default=0)
        comparable = [cell.num_misses <= fewest for cell in cells]
        for cell, best in zip(cells, best_of([cell.mean for cell in cells], query.metric, comparable), strict=True):
            cell.best = best
    return rows


def _cell(value: ColumnValue, slug: str | None, query: Query) -> MatrixCell:
    return MatrixCell(
        site_slug=slug,
        mean=value.mean,
        text=printed(value.mean, query.metric),
        best=False,
        num_cases=value.num_cases,
        num_missing=value.num_missing,
        num_misses=value.num_misses,
    )
