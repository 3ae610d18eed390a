"""The one writer of a table's look: its columns and which of its numbers are best; `score_text` rounds them.

Screen, LaTeX, CSV, reports and the command line draw what stands here; none of them rounds or compares by itself.

- What looks equal is equally good: means are compared as they are printed, and all that tie for the best are marked.
- Nothing is best where all are equal, or where only one is left to compare.
- A mean over other cases than its neighbours' is never best: one that lacks cases of its column, or that has more
  misses than another (what has no value falls out of a mean, mostly on the hard cases).
- The worst site is of all sites that train: a row that lacks one of them, or some of its cases, has none.
"""

from collections.abc import Iterable, Mapping, Sequence

from backend.contracts.metrics import SCORES, ScoreName
from backend.contracts.score_text import NO_VALUE, printed
from backend.evaluations.effort.schemas import MethodEffort
from backend.evaluations.schemas import ResultCell, ShownCell, ShownColumn, ShownRow
from backend.evaluations.student_schemas import StudentCost

ALL, WORST = "all", "worst"
SITE = "site/"


def columns_of(sites: Sequence[str], unseen: Sequence[str]) -> list[ShownColumn]:
    """What sums up a row comes first; one site has no worst one."""
    columns = [ShownColumn(key=ALL, site_slug=None, unseen=False)]
    if len(sites) - len(unseen) > 1:
        columns.append(ShownColumn(key=WORST, site_slug=None, unseen=False))
    return columns + [ShownColumn(key=f"{SITE}{slug}", site_slug=slug, unseen=slug in unseen) for slug in sites]


def rows_of(
    cells: Iterable[ResultCell], structure: str | None, metric: ScoreName, columns: Sequence[ShownColumn]
) -> list[ShownRow]:
    """In the cells' order, without differences."""
    by_row: dict[tuple[str, str], dict[str | None, ResultCell]] = {}
    for cell in cells:
        if cell.structure == structure:
            by_row.setdefault((cell.strategy_label, cell.model), {})[cell.site_slug] = cell
    training = [column.site_slug for column in columns if column.site_slug is not None and not column.unseen]
    rows = [_row(own, columns, training, metric) for own in by_row.values()]
    for index in range(len(columns)):
        _mark_best([row.cells[index] for row in rows], metric)
    return rows


def with_efforts(rows: list[ShownRow], efforts: Iterable[MethodEffort]) -> list[ShownRow]:
    """The rows with what their training took."""
    known = {(effort.strategy_label, effort.model): effort for effort in efforts}
    for row in rows:
        row.effort = known.get((row.strategy_label, row.model))
    return rows


def with_students(rows: list[ShownRow], costs: Mapping[str, StudentCost]) -> list[ShownRow]:
    """The rows, a super model's with what its student costs. costs: by the method's label."""
    for row in rows:
        row.student = costs.get(row.strategy_label) if row.model == "super" else None
    return rows


def goodness(cell: ResultCell | None, metric: ScoreName) -> float:
    """Larger is better, whatever the metric; least where there is no value."""
    if cell is None or cell.mean is None:
        return float("-inf")
    return -cell.mean if SCORES[metric].lower_is_better else cell.mean


def best_of(
    means: Sequence[float | None], metric: ScoreName, comparable: Sequence[bool] | None = None
) -> tuple[bool, ...]:
    """Which of these are best, as they are printed. comparable: those over the same cases; left out: all."""
    may = comparable if comparable is not None else [True] * len(means)
    shown = [
        float(printed(mean, metric)) if mean is not None and counts else None
        for mean, counts in zip(means, may, strict=True)
    ]
    known = {value for value in shown if value is not None}
    if len(known) < 2:
        return (False,) * len(means)
    best = min(known) if SCORES[metric].lower_is_better else max(known)
    return tuple(value == best for value in shown)


def _row(
    own: dict[str | None, ResultCell], columns: Sequence[ShownColumn], training: Sequence[str], metric: ScoreName
) -> ShownRow:
    first = next(iter(own.values()))
    cells = [
        _worst([own.get(slug) for slug in training], metric)
        if column.key == WORST
        else _shown(own.get(column.site_slug), metric)
        for column in columns
    ]
    return ShownRow(strategy_label=first.strategy_label, model=first.model, cells=cells)


def _shown(cell: ResultCell | None, metric: ScoreName, lacks: str | None = None) -> ShownCell:
    return ShownCell(
        score=cell,
        text=printed(cell.mean, metric) if cell is not None else NO_VALUE,
        deviation=printed(cell.std, metric) if cell is not None and cell.std is not None else None,
        lacks=lacks or (cell.lacks.words if cell is not None and cell.lacks else None),
        best=False,
        difference=None,
    )


def _worst(of_sites: Sequence[ResultCell | None], metric: ScoreName) -> ShownCell:
    """The difference of it is that of its site's column."""
    known = [cell for cell in of_sites if cell is not None and cell.mean is not None]
    if known and any(cell is not None and cell.lacks is not None for cell in of_sites):
        return _shown(None, metric, "not every site was tested on all of its cases")
    return _shown(min(known, key=lambda cell: goodness(cell, metric), default=None), metric)


def _mark_best(cells: Sequence[ShownCell], metric: ScoreName) -> None:
    known = [cell for cell in cells if cell.score is not None and cell.score.mean is not None]
    fewest = min((cell.score.num_misses for cell in known if cell.score is not None and cell.lacks is None), default=0)
    comparable = [cell.lacks is None and cell.score is not None and cell.score.num_misses <= fewest for cell in known]
    means = [cell.score.mean if cell.score is not None else None for cell in known]
    for cell, best in zip(known, best_of(means, metric, comparable), strict=True):
        cell.best = best
