"""One metric's table as the results screen shows it: its columns, the order of its rows, and the differences."""

from backend.contracts.metrics import ModelKind
from backend.errors import InvalidInput
from backend.evaluations.comparison import comparison_of, require_structure
from backend.evaluations.results import table_of
from backend.evaluations.schemas import Comparison, ExperimentResults, ShownColumn, ShownRow, ShownTable, SortOrder
from backend.evaluations.scored_cases import ExperimentCases, Query
from backend.evaluations.table_rows import WORST, goodness


def shown_table(
    cases: ExperimentCases,
    query: Query,
    baseline: str | None = None,
    model: ModelKind | None = None,
    sort: str | None = None,
    order: SortOrder = "best",
) -> ShownTable:
    """Raises InvalidInput for a structure, baseline, model of it or column that the experiment does not have."""
    require_structure(cases.structures, query.structure)
    table = table_of(cases, Query(query.metric, query.checkpoint))
    compared = comparison_of(cases, baseline, model, query) if baseline is not None else None
    of_structure = next(entry for entry in table.tables if entry.structure == query.structure)
    rows = _with_differences(of_structure.rows, table.columns, compared)
    return ShownTable(
        experiment_id=table.experiment_id,
        metric=query.metric,
        checkpoint=query.checkpoint,
        structure=query.structure,
        higher_is_better=table.higher_is_better,
        unit=table.unit,
        nsd_tolerance=table.nsd_tolerance,
        complete=table.complete,
        baseline_label=compared.baseline_label if compared else None,
        baseline_model=compared.baseline_model if compared else None,
        test=compared.test if compared else None,
        columns=table.columns,
        rows=_sorted(rows, table.columns, sort, order, table),
        notes=table.notes,
        remarks=table.remarks,
        words_of_seeds=table.words_of_seeds,
        minimum_counts=cases.minimum_counts,
    )


def _with_differences(rows: list[ShownRow], columns: list[ShownColumn], compared: Comparison | None) -> list[ShownRow]:
    """The worst site's is that of its own column."""
    cells = {(c.strategy_label, c.model, c.site_slug): c for c in (compared.cells if compared else [])}
    for row in rows:
        for column, cell in zip(columns, row.cells, strict=True):
            if column.key != WORST:
                cell.difference = cells.get((row.strategy_label, row.model, column.site_slug))
    return rows


def _sorted(
    rows: list[ShownRow], columns: list[ShownColumn], sort: str | None, order: SortOrder, table: ExperimentResults
) -> list[ShownRow]:
    """Equal rows keep their order; those without a value stay last whichever way it is sorted."""
    if sort is None:
        return rows
    keys = [column.key for column in columns]
    if sort not in keys:
        raise InvalidInput.of_field("sort", sort, "is no column of this table", f"choose among {', '.join(keys)}")
    at = keys.index(sort)
    sign = -1 if order == "best" else 1

    def place(row: ShownRow) -> tuple[bool, float]:
        value = goodness(row.cells[at].score, table.metric)
        return (True, 0.0) if value == float("-inf") else (False, sign * value)

    return sorted(rows, key=place)
