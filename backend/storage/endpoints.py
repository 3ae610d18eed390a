"""What lies on the disk, for whom, and how to be rid of it."""

from fastapi import APIRouter

from backend.contracts.values import Id
from backend.db.lookup import get_row
from backend.db.models import Experiment, Run, Site
from backend.dependencies import PlatformDep, ReadSession, WriteSession
from backend.paging import PageDep
from backend.policy import CanFollow, CanManageData, CanOperate
from backend.storage import departures, usage, withdraw
from backend.storage.dependencies import SweepAfter
from backend.storage.schemas import (
    ExperimentStorage,
    RunStorage,
    ScrubRecord,
    SentRecord,
    SiteDepartures,
    StorageRecord,
    SweepRecord,
)
from backend.storage.scrub import scrub
from backend.storage.sweep import sweep

router = APIRouter(tags=["storage"])


@router.get("/storage")
def get_storage(_user: CanOperate, session: ReadSession, platform: PlatformDep, page: PageDep) -> StorageRecord:
    """What every experiment and data set holds, the total, and what is free. A page is of experiments."""
    return usage.storage_record(session, platform.settings, usage.latest_look(platform), page)


@router.get("/experiments/{experiment_id}/storage")
def get_experiment_storage(_user: CanFollow, experiment_id: Id, session: ReadSession) -> ExperimentStorage:
    """What an experiment holds, by kind of file and by run."""
    return usage.experiment_storage(session, get_row(session, Experiment, experiment_id))


@router.get("/runs/{run_id}/storage")
def get_run_storage(_user: CanFollow, run_id: Id, session: ReadSession) -> RunStorage:
    """What a run holds, and whose rounds' models are still there."""
    return usage.run_storage(session, get_row(session, Run, run_id))


@router.post("/storage/sweep")
def sweep_storage(_user: CanOperate, platform: PlatformDep) -> SweepRecord:
    """Remove every file that nobody owns. It is also done after each deletion, and every night."""
    found = sweep(platform)
    platform.looks.forget()
    return SweepRecord(num_files=found.num_files, num_bytes=found.num_bytes, num_leftovers=found.num_leftovers)


@router.post("/storage/scrub")
def scrub_storage(_user: CanOperate, platform: PlatformDep) -> ScrubRecord:
    """Hash every stored file, and name those that are damaged or lost. It is also done every night."""
    return scrub(platform)


@router.get("/sites/{site_id}/sent")
def get_sent(_user: CanFollow, site_id: Id, session: ReadSession) -> SentRecord:
    """What left the site before its policy forbade it. It is hidden already; it can be deleted too."""
    return withdraw.sent_record(session, get_row(session, Site, site_id))


@router.get("/sites/{site_id}/departures")
def get_departures(_user: CanFollow, site_id: Id, session: ReadSession, page: PageDep) -> SiteDepartures:
    """What left the site, when and to whom: by data set, and by run and sort of work. A page is of data sets, runs and
    reports."""
    site = get_row(session, Site, site_id)
    entries, next_after = departures.departures(session, site, page)
    return SiteDepartures(
        site_id=site.id,
        site_name=site.name,
        federation_id=site.federation_id,
        entries=entries,
        next_after=next_after,
    )


@router.post("/sites/{site_id}/withdraw")
def withdraw_sent(user: CanManageData, site_id: Id, session: WriteSession, sweep_after: SweepAfter) -> SentRecord:
    """Delete what left the site before its policy forbade it: thumbnails, images, masks. Scores stay."""
    found = withdraw.withdraw(session, site_id, user)
    sweep_after()
    return found
