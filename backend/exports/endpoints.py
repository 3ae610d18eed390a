"""A run's models in forms for other programs."""

from fastapi import APIRouter

from backend.contracts.values import Id
from backend.db.lookup import get_row
from backend.db.models import ModelExport, Run
from backend.dependencies import ReadSession, WriteSession
from backend.exports import service
from backend.exports.schemas import ExportCreate, ExportRecord
from backend.paging import PageDep
from backend.policy import CanMoveModels
from backend.storage.dependencies import SweepAfter

router = APIRouter(tags=["models"])


@router.post("/runs/{run_id}/exports", status_code=201)
def export_model(user: CanMoveModels, run_id: Id, body: ExportCreate, session: WriteSession) -> ExportRecord:
    """Make a form of a completed run's models for other programs, in the background. A worker tries it on raw test
    cases, in a process with that form's packages alone; a form that gives other masks than the run is not given out."""
    return service.export_record(session, service.start_export(session, run_id, body, user))


@router.get("/runs/{run_id}/exports")
def list_exports(_user: CanMoveModels, run_id: Id, session: ReadSession, page: PageDep) -> list[ExportRecord]:
    """The newest first."""
    get_row(session, Run, run_id)
    rows = page.rows(session, service.exports_of(run_id), ModelExport.id)
    return [service.export_record(session, row) for row in rows]


@router.get("/exports/{export_id}")
def get_export(_user: CanMoveModels, export_id: Id, session: ReadSession) -> ExportRecord:
    return service.export_record(session, get_row(session, ModelExport, export_id))


@router.delete("/exports/{export_id}", status_code=204)
def delete_export(_user: CanMoveModels, export_id: Id, session: WriteSession, sweep: SweepAfter) -> None:
    """Remove a form with its file; one that is being made is stopped."""
    service.delete_export(session, export_id)
    sweep()
