"""Trying a run's models on an image of one's own."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool

from backend.artifacts.service import store_upload
from backend.contracts.predictions import FileName
from backend.contracts.thresholds import THRESHOLD_CHOICE, ThresholdChoice
from backend.contracts.values import Id, Positive
from backend.db.lookup import get_row
from backend.db.models import Prediction, PredictionBatch, Run
from backend.db.session import read_only, unit_of_work
from backend.dependencies import PlatformDep, ReadSession, WriteSession
from backend.paging import PageDep
from backend.platform import Platform
from backend.policy import CanRunExperiments
from backend.predictions import batches, service
from backend.predictions.schemas import PredictionBatchRecord, PredictionRecord
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
    batch: Annotated[Id | None, Query(description="The batch of this run that the image belongs to.")] = None,
) -> PredictionRecord:
    """Upload one image, of which every model of the run's best round makes a mask.

    The body is the file, or a zip with the files of one image: a DICOM series, or a header and its data.
    """
    sent = service.Sent(name, threshold, batch, user)
    await run_in_threadpool(_require_models, platform, run_id, sent)
    stored = await store_upload(platform.database, platform.artifacts, request.stream(), MAX_UPLOAD_BYTES)
    return await run_in_threadpool(_start, platform, run_id, stored.sha256, sent)


@router.get("/runs/{run_id}/predictions")
def list_predictions(
    _user: CanRunExperiments,
    run_id: Id,
    session: ReadSession,
    page: PageDep,
    batch: Annotated[Id | None, Query(description="Of this batch alone.")] = None,
) -> list[PredictionRecord]:
    """The newest first."""
    get_row(session, Run, run_id)
    rows = page.rows(session, service.predictions_of(run_id, batch), Prediction.id)
    return [service.prediction_record(session, row) for row in rows]


@router.post("/runs/{run_id}/prediction-batches", status_code=201)
def start_prediction_batch(
    user: CanRunExperiments,
    run_id: Id,
    session: WriteSession,
    num_images: Annotated[Positive | None, Query(description="How many will be sent, where that is known.")] = None,
) -> PredictionBatchRecord:
    """Begin a batch of images; each is then sent to `predictions` with the batch's id, and is tried at once."""
    return batches.batch_record(session, batches.start_batch(session, run_id, num_images, user))


@router.get("/prediction-batches/{batch_id}")
def get_prediction_batch(_user: CanRunExperiments, batch_id: Id, session: ReadSession) -> PredictionBatchRecord:
    """How many images of a batch are done."""
    return batches.batch_record(session, get_row(session, PredictionBatch, batch_id))


@router.post("/prediction-batches/{batch_id}/cancel")
def cancel_prediction_batch(_user: CanRunExperiments, batch_id: Id, session: WriteSession) -> PredictionBatchRecord:
    """Give up the images of a batch that are not done. Those that are done stay; cancelling twice changes nothing."""
    return batches.batch_record(session, batches.cancel_batch(session, batch_id))


@router.delete("/prediction-batches/{batch_id}", status_code=204)
def delete_prediction_batch(_user: CanRunExperiments, batch_id: Id, session: WriteSession, sweep: SweepAfter) -> None:
    """Forget all images of a batch, and the masks that were made of them; those under way are stopped."""
    batches.delete_batch(session, batch_id)
    sweep()


@router.get("/predictions/{prediction_id}")
def get_prediction(_user: CanRunExperiments, prediction_id: Id, session: ReadSession) -> PredictionRecord:
    return service.prediction_record(session, get_row(session, Prediction, prediction_id))


@router.delete("/predictions/{prediction_id}", status_code=204)
def delete_prediction(_user: CanRunExperiments, prediction_id: Id, session: WriteSession, sweep: SweepAfter) -> None:
    """Forget the image, and the masks that were made of it; one that is under way is stopped."""
    service.delete_prediction(session, prediction_id)
    sweep()


def _require_models(platform: Platform, run_id: Id, sent: service.Sent) -> None:
    """Before the upload: nobody sends a gigabyte to be refused."""
    with read_only(platform.database) as session:
        service.require_models(session, run_id, sent.threshold)
        batches.require_batch(session, run_id, sent.batch)


def _start(platform: Platform, run_id: Id, image: str, sent: service.Sent) -> PredictionRecord:
    with unit_of_work(platform.database) as session:
        batches.require_batch(session, run_id, sent.batch)
        return service.prediction_record(session, service.start_prediction(session, run_id, image, sent))
