"""A run's metrics as lines. Rows become columns: a run of 30 sites and 1000 rounds has some 200 000 numbers."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.contracts.metrics import MetricName, Split
from backend.db.models import Metric
from backend.runs.schemas import CurveSeries, RunCurves


@dataclass(frozen=True)
class CurveQuery:
    """None: of every name, of every split, the means over structures."""

    name: MetricName | None = None
    split: Split | None = None
    structure: str | None = None


def run_curves(session: Session, run_id: str, after: int, query: CurveQuery) -> RunCurves:
    """Those after an id, in order of id, so that of two values of a round the newer comes later."""
    columns = (
        Metric.id,
        Metric.site_slug,
        Metric.model,
        Metric.split,
        Metric.name,
        Metric.round,
        Metric.value,
        Metric.num_cases,
    )
    rows = select(*columns).where(Metric.run_id == run_id, Metric.structure == query.structure, Metric.id > after)
    if query.name is not None:
        rows = rows.where(Metric.name == query.name)
    if query.split is not None:
        rows = rows.where(Metric.split == query.split)
    last_id = after
    lines: dict[tuple[str, str, str, str], tuple[list[int], list[float], list[int]]] = {}
    for id_, site, model, split, name, round_number, value, num_cases in session.execute(rows.order_by(Metric.id)):
        rounds, values, cases = lines.setdefault((site, model, split, name), ([], [], []))
        rounds.append(round_number)
        values.append(value)
        cases.append(num_cases)
        last_id = id_
    keys = ("site_slug", "model", "split", "name")
    return RunCurves(
        last_id=last_id,
        series=[
            CurveSeries(**dict(zip(keys, key, strict=True)), rounds=rounds, values=values, num_cases=cases)
            for key, (rounds, values, cases) in lines.items()
        ],
    )
