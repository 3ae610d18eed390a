"""Data sets and their cases."""

import re

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.access.matrix import Permission
from backend.contracts.datasets import ReasonCode
from backend.contracts.values import Id
from backend.csv_text import CsvResponse
from backend.datasets import alike, check_results, history, records, repairs, service
from backend.datasets.alike_schemas import AlikeRecord, AlikeReport, PairDecide
from backend.datasets.schemas import (
    CaseRecord,
    CheckAgain,
    CheckRecord,
    DatasetConfirm,
    DatasetCreate,
    DatasetRecord,
    DatasetRun,
    DatasetUpdate,
)
from backend.db.lookup import get_row
from backend.db.models import Case, Dataset, DatasetCheck, Federation, Site
from backend.dependencies import ReadSession, WriteSession
from backend.paging import PageDep
from backend.policy import CanFollow, CanManageData, CanManageDataSomewhere, CanReadData, NamedInBody
from backend.sites.service import policy_of
from backend.storage.dependencies import SweepAfter

router = APIRouter(tags=["datasets"])


@router.get("/federations/{federation_id}/datasets")
def list_datasets(_user: CanFollow, federation_id: Id, session: ReadSession, page: PageDep) -> list[DatasetRecord]:
    """In site order, then in order of registration."""
    get_row(session, Federation, federation_id)
    query = select(Dataset).join(Site, Site.id == Dataset.site_id).where(Site.federation_id == federation_id)
    rows = page.rows(session, query.order_by(Site.position, Dataset.created_at, Dataset.id), Dataset.id)
    return [records.dataset_record(session, row) for row in rows]


@router.post("/sites/{site_id}/datasets", status_code=202)
def create_dataset(user: CanManageData, site_id: Id, body: DatasetCreate, session: WriteSession) -> DatasetRecord:
    """Register a folder at a site. The answer comes at once; the check runs at the site's worker."""
    return records.dataset_record(session, service.register_dataset(session, site_id, body, user))


@router.get("/datasets/{dataset_id}")
def get_dataset(_user: CanFollow, dataset_id: Id, session: ReadSession) -> DatasetRecord:
    return records.dataset_record(session, get_row(session, Dataset, dataset_id))


@router.patch("/datasets/{dataset_id}")
def update_dataset(user: CanManageData, dataset_id: Id, body: DatasetUpdate, session: WriteSession) -> DatasetRecord:
    """Rename a data set, or say that it lies in another folder, which is checked at once."""
    return records.dataset_record(session, service.update_dataset(session, dataset_id, body, user))


@router.get("/datasets/{dataset_id}/cases")
def list_cases(
    _user: CanReadData, dataset_id: Id, session: ReadSession, page: PageDep, used: bool | None = None
) -> list[CaseRecord]:
    """Cases in name order: the used ones, the skipped ones, or all."""
    dataset = get_row(session, Dataset, dataset_id)
    shown = policy_of(get_row(session, Site, dataset.site_id)).may_send_thumbnails
    return [
        records.case_record(case, shown) for case in page.of(_cases(session, dataset_id, used), lambda case: case.id)
    ]


@router.get("/datasets/{dataset_id}/cases.csv", response_class=CsvResponse)
def download_cases(
    _user: CanReadData,
    dataset_id: Id,
    session: ReadSession,
    used: bool | None = None,
    reason: ReasonCode | None = None,
) -> CsvResponse:
    """The same as CSV; text that a spreadsheet would take for a formula has an apostrophe before it."""
    dataset = get_row(session, Dataset, dataset_id)
    cases = [case for case in _cases(session, dataset_id, used) if reason is None or case.reason_code == reason]
    kind = {None: "cases", True: "used", False: "skipped"}[used]
    name = re.sub(r"[^A-Za-z0-9]+", "-", dataset.name).strip("-").lower() or "dataset"
    headers = {"Content-Disposition": f'attachment; filename="{name}-{kind}.csv"'}
    return CsvResponse(history.cases_csv(cases), headers=headers)


@router.get("/datasets/{dataset_id}/checks")
def list_checks(_user: CanFollow, dataset_id: Id, session: ReadSession, page: PageDep) -> list[CheckRecord]:
    """What each check found, the latest first: when the data changed, and when they did not."""
    get_row(session, Dataset, dataset_id)
    return [
        CheckRecord.model_validate(row) for row in page.rows(session, history.checks_of(dataset_id), DatasetCheck.id)
    ]


@router.get("/datasets/{dataset_id}/runs")
def list_dataset_runs(_user: CanFollow, dataset_id: Id, session: ReadSession, page: PageDep) -> list[DatasetRun]:
    """Runs that were started on the data set, with its fingerprint of then; the latest first."""
    get_row(session, Dataset, dataset_id)
    return history.runs_on(session, dataset_id, page)


@router.post("/datasets/{dataset_id}/check", status_code=202)
def check_dataset(
    user: CanManageData, dataset_id: Id, session: WriteSession, body: CheckAgain | None = None
) -> DatasetRecord:
    """Check the folder again, with the same settings or with other repairs. Without a body: as before."""
    return records.dataset_record(session, service.check_again(session, dataset_id, user, body))


@router.post("/datasets/{dataset_id}/confirm")
def confirm_dataset(user: CanManageData, dataset_id: Id, body: DatasetConfirm, session: WriteSession) -> DatasetRecord:
    """Take a data set with repaired cases into use, once somebody has looked at them. It holds until the data change;
    where they have changed since they were looked at, nothing is taken."""
    return records.dataset_record(session, repairs.confirm(session, dataset_id, body.fingerprint, user))


@router.post("/datasets/{dataset_id}/check/cancel")
def cancel_check(user: CanManageData, dataset_id: Id, session: WriteSession) -> DatasetRecord:
    """Stop the check that is under way; what an earlier one found holds again."""
    return records.dataset_record(session, service.cancel_check(session, dataset_id, user))


@router.get("/federations/{federation_id}/alike")
def list_alike(
    _user: CanReadData, federation_id: Id, session: ReadSession, dataset_id: Id | None = None
) -> AlikeReport:
    """Pairs of cases that are possibly one patient's: far more alike than others of their data set. With `dataset_id`
    those with a case of that data set."""
    get_row(session, Federation, federation_id)
    return alike.alike_report(session, federation_id, dataset_id)


@router.post("/alike/decisions")
def decide_alike(
    user: CanManageDataSomewhere, body: PairDecide, named: NamedInBody, session: WriteSession
) -> AlikeRecord:
    """Say whether two cases are of one patient. Who decided what is an event; a later decision replaces this one."""
    named.require(Permission.MANAGE_DATA, "case", body.first_case_id, body.second_case_id)
    return check_results.decide_pair(session, body, user)


@router.delete("/datasets/{dataset_id}", status_code=204)
def delete_dataset(user: CanManageData, dataset_id: Id, session: WriteSession, sweep: SweepAfter) -> None:
    """Forget a data set that no run uses, with its thumbnails. The folder stays as it is."""
    service.delete_dataset(session, dataset_id, user)
    sweep()


def _cases(session: Session, dataset_id: Id, used: bool | None) -> list[Case]:
    query = select(Case).where(Case.dataset_id == dataset_id)
    if used is not None:
        query = query.where(Case.used == used)
    return sorted(session.scalars(query), key=lambda case: case.name)
