"""Where an experiment's numbers come from: who, when, and which files of which site."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.contracts.status import TERMINAL_RUN_STATUSES
from backend.db.models import Experiment, RunDataset
from backend.evaluations.schemas import DataProvenance, ExperimentProvenance
from backend.runs.service import list_runs


def experiment_provenance(session: Session, experiment: Experiment) -> ExperimentProvenance:
    runs = list_runs(session, experiment.id)
    ends = [run.finished_at for run in runs if run.status in TERMINAL_RUN_STATUSES and run.finished_at is not None]
    started = [run.id for run in runs if run.started_at is not None]
    query = select(RunDataset).where(RunDataset.run_id.in_(started)).order_by(RunDataset.position)
    found: dict[tuple[str, str], None] = {}
    for dataset in session.scalars(query):
        found[dataset.site_slug, dataset.fingerprint] = None
    return ExperimentProvenance(
        experiment_id=experiment.id,
        created_by=experiment.created_by,
        created_at=experiment.created_at,
        started_at=experiment.started_at,
        finished_at=max(ends) if ends and len(ends) == len(runs) else None,
        code_versions=sorted({run.code_version for run in runs if run.code_version}),
        data=[DataProvenance(site_slug=slug, fingerprint=fingerprint) for slug, fingerprint in found],
    )
