"""Trying a run's models on an image of one's own."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool

from backend.artifacts.service import store_upload
from backend.contracts.predictions import FileName
from backend.contracts.thresholds import THRESHOLD_CHOICE, ThresholdChoice
from backend.contracts.values import Id
from backend.db.lookup import get_row
from backend.db.models import Prediction, Run
from backend.db.session import read_only, unit_of_work
from backend.dependencies import PlatformDep, ReadSession, WriteSession
from backend.paging import PageDep
from backend.platform import Platform
from backend.policy import CanRunExperiments
from backend.predictions import service
from backend.predictions.schemas import PredictionRecord
from backend.storage.dependencies import SweepAfter

router = APIRouter(tags=["predictions"])

NAME_DESCRIPTION = "The file's name; its suffix says how it is read. `.zip` holds the files of one image."
MAX_UPLOAD_BYTES = 1 << 30
UPLOAD_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post("/runs/{run_id}/predictions", status_code=201, openapi_extra=UPLOAD_BODY)
async def predict_image(
    user: CanRunExperiments,
    run_id: Id,
    request: Request,
    platform: PlatformDep,
    name: Annotated[FileName, Query(description=NAME_DESCRIPTION)],
    threshold: Annotated[ThresholdChoice, Query(description=THRESHOLD_CHOICE)] = "run",
) -> PredictionRecord:
    """Upload one image, of which every model of the run's best round makes a mask.

    The body is the file, or a zip with the files of one image: a DICOM series, or a header and its data.
    """
    await run_in_threadpool(_require_models, platform, run_id, threshold)
    stored = await store_upload(platform.database, platform.artifacts, request.stream(), MAX_UPLOAD_BYTES)
    return await run_in_threadpool(_start, platform, run_id, name, stored.sha256, threshold, user)


@router.get("/runs/{run_id}/predictions")
def list_predictions(
    _user: CanRunExperiments, run_id: Id, session: ReadSession, page: PageDep
) -> list[PredictionRecord]:
    """The newest first."""
    get_row(session, Run, run_id)
    rows = page.rows(session, service.predictions_of(run_id), Prediction.id)
    return [service.prediction_record(session, row) for row in rows]


@router.get("/predictions/{prediction_id}")
def get_prediction(_user: CanRunExperiments, prediction_id: Id, session: ReadSession) -> PredictionRecord:
    return service.prediction_record(session, get_row(session, Prediction, prediction_id))


@router.delete("/predictions/{prediction_id}", status_code=204)
def delete_prediction(_user: CanRunExperiments, prediction_id: Id, session: WriteSession, sweep: SweepAfter) -> None:
    """Forget the image, and the masks that were made of it; one that is under way is stopped."""
    service.delete_prediction(session, prediction_id)
    sweep()


def _require_models(platform: Platform, run_id: Id, threshold: ThresholdChoice) -> None:
    """Before the upload: nobody sends a gigabyte to be refused."""
    with read_only(platform.database) as session:
        service.require_models(session, run_id, threshold)


def _start(
    platform: Platform, run_id: Id, name: str, image: str, threshold: ThresholdChoice, user: str
) -> PredictionRecord:
    with unit_of_work(platform.database) as session:
        started = service.start_prediction(session, run_id, name, image, threshold, user)
        return service.prediction_record(session, started)
