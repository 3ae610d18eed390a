"""One metric's table as the results screen shows it: its columns, the order of its rows, and the differences."""

from backend.contracts.metrics import LOWER_IS_BETTER, ModelKind
from backend.errors import InvalidInput
from backend.evaluations.comparison import comparison_of, require_structure
from backend.evaluations.results import table_of
from backend.evaluations.schemas import (
    Comparison,
    ComparisonCell,
    ExperimentResults,
    ResultCell,
    ShownCell,
    ShownColumn,
    ShownRow,
    ShownTable,
    SortOrder,
)
from backend.evaluations.scored_cases import ExperimentCases, Query

DIGITS = 3
ALL, WORST = "all", "worst"
SITE = "site/"


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
    columns = _columns(table)
    rows = [
        ShownRow(strategy_label=method.label, model=method.model, cells=cells)
        for method in cases.methods()
        if (cells := _cells(method.label, method.model, table, query, columns, compared))
    ]
    _mark_best(rows, table)
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
        columns=columns,
        rows=_sorted(rows, columns, sort, order, table),
    )


def _columns(table: ExperimentResults) -> list[ShownColumn]:
    """What sums up a row comes first; one site has no worst one."""
    columns = [ShownColumn(key=ALL, site_slug=None, unseen=False)]
    if len(table.sites) - len(table.unseen_sites) > 1:
        columns.append(ShownColumn(key=WORST, site_slug=None, unseen=False))
    return columns + [
        ShownColumn(key=f"{SITE}{slug}", site_slug=slug, unseen=slug in table.unseen_sites) for slug in table.sites
    ]


def _cells(
    label: str,
    model: ModelKind,
    table: ExperimentResults,
    query: Query,
    columns: list[ShownColumn],
    compared: Comparison | None,
) -> list[ShownCell]:
    own = {
        cell.site_slug: cell
        for cell in table.cells
        if (cell.strategy_label, cell.model, cell.structure) == (label, model, query.structure)
    }
    differences = {
        cell.site_slug: cell
        for cell in (compared.cells if compared else [])
        if (cell.strategy_label, cell.model) == (label, model)
    }
    return [_cell(column, own, differences, table) for column in columns]


def _cell(
    column: ShownColumn,
    own: dict[str | None, ResultCell],
    differences: dict[str | None, ComparisonCell],
    table: ExperimentResults,
) -> ShownCell:
    if column.key == WORST:
        return ShownCell(score=_worst(list(own.values()), table), best=False, difference=None)
    return ShownCell(score=own.get(column.site_slug), best=False, difference=differences.get(column.site_slug))


def _worst(cells: list[ResultCell], table: ExperimentResults) -> ResultCell | None:
    """Of the sites that train; the difference of it is that of its site's column."""
    known = [cell for cell in cells if cell.site_slug is not None and not cell.unseen and cell.mean is not None]
    return min(known, key=lambda cell: _goodness(cell, table), default=None)


def _goodness(cell: ResultCell | None, table: ExperimentResults) -> float:
    if cell is None or cell.mean is None:
        return float("-inf")
    return -cell.mean if table.metric in LOWER_IS_BETTER else cell.mean


def _mark_best(rows: list[ShownRow], table: ExperimentResults) -> None:
    """The best as it is printed, so that what looks equal is equally good; nothing where all are equal."""
    for cells in zip(*(row.cells for row in rows), strict=True):
        known = [cell for cell in cells if cell.score is not None and cell.score.mean is not None]
        printed = {round(_goodness(cell.score, table), DIGITS) for cell in known}
        for cell in known:
            cell.best = len(printed) > 1 and round(_goodness(cell.score, table), DIGITS) == max(printed)


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
        value = _goodness(row.cells[at].score, table)
        return (True, 0.0) if value == float("-inf") else (False, sign * value)

    return sorted(rows, key=place)
