"""What became of a data set: its checks, the runs on it, and its cases as a file."""

from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from backend.contracts.status import RunStatus
from backend.csv_text import write_csv
from backend.datasets.schemas import DatasetRun
from backend.db.models import Case, DatasetCheck, Experiment, Run, RunDataset
from backend.paging import Page

CASE_COLUMNS = ("name", "used", "reason_code", "reason", "split", "patient", "width", "height", "depth")


def checks_of(dataset_id: str) -> Select[DatasetCheck]:
    """The latest first."""
    query = select(DatasetCheck).where(DatasetCheck.dataset_id == dataset_id)
    return query.order_by(DatasetCheck.at.desc(), DatasetCheck.id)


def runs_on(session: Session, dataset_id: str, page: Page | None = None) -> list[DatasetRun]:
    """The latest first; page None: all."""
    query = (
        select(
            Run.id,
            Run.strategy_label,
            Run.seed,
            Run.status,
            Run.started_at,
            RunDataset.fingerprint,
            Experiment.id.label("experiment_id"),
            Experiment.name.label("experiment_name"),
        )
        .join(RunDataset, RunDataset.run_id == Run.id)
        .join(Experiment, Experiment.id == Run.experiment_id)
        .where(RunDataset.dataset_id == dataset_id)
        .order_by(Run.created_at.desc(), Run.position, Run.id)
    )
    rows = session.execute(query).all()
    return [
        DatasetRun(
            run_id=row.id,
            run_label=f"{row.strategy_label}, seed {row.seed}",
            status=RunStatus(row.status),
            experiment_id=row.experiment_id,
            experiment_name=row.experiment_name,
            started_at=row.started_at,
            fingerprint=row.fingerprint,
        )
        for row in (page.of(rows, lambda row: str(row.id)) if page else rows)
    ]


def cases_csv(cases: list[Case]) -> str:
    structures = sorted({name for case in cases for name in case.structure_shares})
    columns = [
        *CASE_COLUMNS,
        "spacing_mm",
        "warnings",
        "repairs",
        "remedies",
        *(f"{name} share" for name in structures),
    ]
    columns += [f"{name} size" for name in structures]
    return write_csv(columns, (_csv_row(case, structures) for case in cases))


def _csv_row(case: Case, structures: list[str]) -> dict[str, Any]:
    sizes = case.structure_sizes or {}
    return {
        **{column: getattr(case, column) for column in CASE_COLUMNS},
        "spacing_mm": " x ".join(f"{mm:g}" for mm in case.spacing or []),
        "warnings": "; ".join(str(warning["message"]) for warning in case.warnings or []),
        "repairs": "; ".join(case.repairs or []),
        "remedies": "; ".join(case.remedies or []),
        **{f"{name} share": case.structure_shares.get(name) for name in structures},
        **{f"{name} size": sizes.get(name) for name in structures},
    }
