"""A run's metrics as lines. Rows become columns: a run of 30 sites and 1000 rounds has some 200 000 numbers."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.models import Metric
from backend.runs.schemas import CurveSeries, RunCurves


def run_curves(session: Session, run_id: str, after: int) -> RunCurves:
    """Those after an id, in order of id, so that of two values of a round the newer comes later."""
    columns = (Metric.id, Metric.site_slug, Metric.model, Metric.split, Metric.name, Metric.round, Metric.value)
    query = select(*columns).where(Metric.run_id == run_id, Metric.structure.is_(None), Metric.id > after)
    last_id = after
    lines: dict[tuple[str, str, str, str], tuple[list[int], list[float]]] = {}
    for id_, site, model, split, name, round_number, value in session.execute(query.order_by(Metric.id)):
        rounds, values = lines.setdefault((site, model, split, name), ([], []))
        rounds.append(round_number)
        values.append(value)
        last_id = id_
    keys = ("site_slug", "model", "split", "name")
    return RunCurves(
        last_id=last_id,
        series=[
            CurveSeries(**dict(zip(keys, key, strict=True)), rounds=rounds, values=values)
            for key, (rounds, values) in lines.items()
        ],
    )
