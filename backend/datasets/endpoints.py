"""Data sets and their cases."""

from fastapi import APIRouter, Depends
from sqlalchemy import select

from backend.datasets import service
from backend.datasets.schemas import CaseRecord, DatasetCreate, DatasetRecord
from backend.db.lookup import get_row
from backend.db.models import Case, Dataset, Federation, Site
from backend.dependencies import CurrentUser, ReadSession, WriteSession, get_current_user

router = APIRouter(tags=["datasets"], dependencies=[Depends(get_current_user)])


@router.get("/federations/{federation_id}/datasets")
def list_datasets(federation_id: str, session: ReadSession) -> list[DatasetRecord]:
    """In site order, then in order of registration."""
    get_row(session, Federation, federation_id)
    query = select(Dataset).join(Site, Site.id == Dataset.site_id).where(Site.federation_id == federation_id)
    rows = session.scalars(query.order_by(Site.position, Dataset.created_at, Dataset.id)).all()
    return [service.dataset_record(session, row) for row in rows]


@router.post("/sites/{site_id}/datasets", status_code=202)
def create_dataset(site_id: str, body: DatasetCreate, session: WriteSession, user: CurrentUser) -> DatasetRecord:
    """Register a folder at a site. The answer comes at once; the check runs at the site's worker."""
    return service.dataset_record(session, service.register_dataset(session, site_id, body, user))


@router.get("/datasets/{dataset_id}")
def get_dataset(dataset_id: str, session: ReadSession) -> DatasetRecord:
    return service.dataset_record(session, get_row(session, Dataset, dataset_id))


@router.get("/datasets/{dataset_id}/cases")
def list_cases(dataset_id: str, session: ReadSession, used: bool | None = None) -> list[CaseRecord]:
    """Cases in name order: the used ones, the skipped ones, or all."""
    get_row(session, Dataset, dataset_id)
    query = select(Case).where(Case.dataset_id == dataset_id)
    if used is not None:
        query = query.where(Case.used == used)
    return [service.case_record(case) for case in sorted(session.scalars(query), key=lambda case: case.name)]


@router.post("/datasets/{dataset_id}/check", status_code=202)
def check_dataset(dataset_id: str, session: WriteSession, user: CurrentUser) -> DatasetRecord:
    """Check the folder again."""
    return service.dataset_record(session, service.check_again(session, dataset_id, user))


@router.delete("/datasets/{dataset_id}", status_code=204)
def delete_dataset(dataset_id: str, session: WriteSession, user: CurrentUser) -> None:
    """Forget a data set that no run uses. The folder stays as it is."""
    service.delete_dataset(session, dataset_id, user)
