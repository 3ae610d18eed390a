"""Dry runs."""

from typing import Annotated

from fastapi import APIRouter, Body

from backend.contracts.values import Id
from backend.db.lookup import get_row
from backend.db.models import DryRun, Federation
from backend.dependencies import ReadSession, WriteSession
from backend.dry_runs import service
from backend.dry_runs.schemas import DryRunCreate, DryRunRecord
from backend.ledger.snapshot import require_runnable, sites_with_data
from backend.ledger.start_model import resolved
from backend.policy import CanFollow, CanRunExperiments, NamedInBody

router = APIRouter(tags=["experiments"])

EXAMPLE = {"config": {"schedule": {"rounds": 10, "batch_size": 4}, "strategies": [{"name": "fedavg"}]}}


@router.post("/federations/{federation_id}/dry-runs", status_code=201)
def start_dry_run(
    user: CanRunExperiments,
    federation_id: Id,
    body: Annotated[DryRunCreate, Body(examples=[EXAMPLE])],
    named: NamedInBody,
    session: WriteSession,
) -> DryRunRecord:
    """Try a few steps of every strategy at every site; the answer's estimate comes when all have answered."""
    named.require_start(body.config)
    federation = get_row(session, Federation, federation_id)
    config = resolved(session, federation_id, body.config)
    require_runnable(session, config, sites_with_data(session, federation_id), federation.task)
    return service.dry_run_record(session, service.start_dry_run(session, federation_id, config, user))


@router.get("/dry-runs/{dry_run_id}")
def get_dry_run(_user: CanFollow, dry_run_id: Id, session: ReadSession) -> DryRunRecord:
    return service.dry_run_record(session, get_row(session, DryRun, dry_run_id))


@router.post("/dry-runs/{dry_run_id}/cancel")
def cancel_dry_run(_user: CanRunExperiments, dry_run_id: Id, session: WriteSession) -> DryRunRecord:
    """Stop trying. Cancelling twice changes nothing."""
    return service.dry_run_record(session, service.cancel_dry_run(session, dry_run_id))
