"""Copies an experiment with its runs, rounds, tasks, metrics, case scores and events, straight into the database."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Table, insert, select

from backend.db.base import Base, new_id
from backend.db.models import (
    Event,
    Experiment,
    Metric,
    Run,
    RunDataset,
    RunRound,
    Task,
    TestedCase,
    TestMeans,
    ThresholdCurve,
)
from benchmarks.load.template import Template

Row = dict[str, Any]


def table_of(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)
    return table


EXPERIMENTS, RUNS = table_of(Experiment), table_of(Run)
#: Of each run: what belongs to it, in an order in which it can be written.
OF_RUN = tuple(map(table_of, (RunDataset, RunRound, Task, Metric, TestedCase, TestMeans, ThresholdCurve, Event)))
#: Rows have at most 30 columns, and a database takes 32,766 values in a statement.
ROWS_A_STATEMENT = 500
#: A year of them are three a day.
BETWEEN_EXPERIMENTS = timedelta(hours=8)


@dataclass(frozen=True)
class Size:
    """How much there is. Metric points and case scores are spread over the runs evenly."""

    experiments: int
    metric_points: int
    case_scores: int


def fill(engine: Engine, template: Template, size: Size) -> dict[str, int]:
    """Rows by table after it. The template stays, as the newest experiment."""
    with engine.connect() as connection:
        original = _Original.read(connection, template)
    num_runs = (size.experiments - 1) * len(template.run_ids)
    scores = _Spread(size.case_scores, num_runs)
    points = _Spread(size.metric_points, num_runs)
    for number in range(1, size.experiments):
        with engine.begin() as connection:
            _copy_experiment(connection, original, number, points, scores)
    with engine.connect() as connection:
        return {
            table.name: connection.exec_driver_sql(f'SELECT count(*) FROM "{table.name}"').scalar_one()
            for table in (EXPERIMENTS, RUNS, *OF_RUN)
        }


class _Spread:
    """Shares a number of rows out over runs."""

    def __init__(self, total: int, num_runs: int) -> None:
        self._total, self._num_runs, self._given, self._asked = total, max(1, num_runs), 0, 0

    def next(self) -> int:
        self._asked += 1
        until = self._total * self._asked // self._num_runs
        share, self._given = until - self._given, until
        return share


@dataclass(frozen=True)
class _Original:
    experiment: Row
    runs: list[Row]
    #: Run id to table name to rows.
    of_run: dict[str, dict[str, list[Row]]]

    @classmethod
    def read(cls, connection: Connection, template: Template) -> "_Original":
        def rows(table: Table, column: str, value: str) -> list[Row]:
            found = connection.execute(select(table).where(table.c[column] == value))
            return [dict(row._mapping) for row in found]

        (experiment,) = rows(EXPERIMENTS, "id", template.experiment_id)
        runs = sorted(rows(RUNS, "experiment_id", template.experiment_id), key=lambda row: row["position"])
        of_run = {run["id"]: {table.name: rows(table, "run_id", run["id"]) for table in OF_RUN} for run in runs}
        return cls(experiment, runs, of_run)


def _copy_experiment(
    connection: Connection, original: _Original, number: int, points: _Spread, scores: _Spread
) -> None:
    ago = number * BETWEEN_EXPERIMENTS
    experiment_id = new_id()
    name = f"Experiment {number:04d}"
    experiment = _earlier(original.experiment, ago) | {"id": experiment_id, "name": name}
    connection.execute(insert(EXPERIMENTS), [experiment])
    for run in original.runs:
        run_id = new_id()
        connection.execute(insert(RUNS), [_earlier(run, ago) | {"id": run_id, "experiment_id": experiment_id}])
        tables = dict(original.of_run[run["id"]])
        tables["metric"] = list(_as_many(tables["metric"], points.next(), "name"))
        tables["evaluated_case"] = list(_as_many(tables["evaluated_case"], scores.next(), "case_id"))
        for table in OF_RUN:
            copied = [_copy(row, ago, run_id, experiment_id) for row in tables[table.name]]
            for start in range(0, len(copied), ROWS_A_STATEMENT):
                connection.execute(insert(table), copied[start : start + ROWS_A_STATEMENT])


def _copy(row: Row, ago: timedelta, run_id: str, experiment_id: str) -> Row:
    changed: Row = {"run_id": run_id}
    if "experiment_id" in row:
        changed["experiment_id"] = experiment_id
    copied = _earlier(row, ago) | changed
    if isinstance(row.get("id"), int):
        del copied["id"]  # the database counts
    elif "id" in row:
        copied["id"] = new_id()
    return copied


def _as_many(rows: list[Row], wanted: int, told_apart_by: str) -> Iterator[Row]:
    """The rows over and over, each time under another name, until there are `wanted`."""
    for index in range(wanted):
        row = rows[index % len(rows)]
        again = index // len(rows)
        yield row | {told_apart_by: f"{row[told_apart_by]}-{again}"} if again else row


def _earlier(row: Row, ago: timedelta) -> Row:
    return {name: value - ago if isinstance(value, datetime) else value for name, value in row.items()}
