"""Bodies of predictions: an uploaded image, and what a run's models make of it."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from backend.contracts.datasets import CaseWarning
from backend.contracts.predictions import SEGMENTATIONS_DESCRIPTION, WARNINGS_DESCRIPTION, SegmentationForm
from backend.contracts.status import TaskStatus
from backend.contracts.unlikeness import UNLIKE_DESCRIPTION, UNLIKENESS_DESCRIPTION
from backend.record import Record


class StructureSizeRecord(Record):
    structure: str
    size: float


class MaskRecord(Record):
    model: str = Field(description="`global`, `personalized/<site slug>`, or `mixture`: soft routing's.")
    mask_url: str = Field(description="For the viewer: bit 2**i for structure i of the task.")
    sizes: list[StructureSizeRecord] = Field(description="In `unit`.")
    file_urls: dict[str, str] = Field(
        description=(
            "Structure to its own file: NIfTI in the array order and with the geometry of the image, or a PNG of "
            "a picture without any."
        )
    )
    segmentation_urls: dict[SegmentationForm, str] = Field(description=SEGMENTATIONS_DESCRIPTION)


class PredictionRecord(Record):
    id: str
    run_id: str
    batch_id: str | None = Field(description="The images that it was sent with; null: it was sent alone.")
    file_name: str
    round: int = Field(description="The run's best, whose models predicted.")
    created_at: datetime
    created_by: str
    status: TaskStatus
    fraction: float
    error: str | None = Field(description="Why there is no mask, and the remedy.")
    image_url: str | None
    unit: Literal["mm³", "mm²", "px"] | None
    probabilities: dict[str, float] | None = Field(
        description="The model selector's, by site; null for a method that has none."
    )
    chosen_model: str | None
    unlikeness: float | None = Field(description=UNLIKENESS_DESCRIPTION)
    unlike: str | None = Field(description=UNLIKE_DESCRIPTION)
    gamma: float | None = Field(description="FedSM's threshold: at most this much certainty, and the global model is.")
    masks: list[MaskRecord] = Field(description="The chosen model's first.")
    seconds: float | None
    warnings: list[CaseWarning] = Field(description=WARNINGS_DESCRIPTION)


class PredictionBatchRecord(Record):
    """Images that are tried together, and how far they are."""

    id: str
    run_id: str
    created_at: datetime
    created_by: str
    cancelled_at: datetime | None = Field(description="Since then it takes no more images.")
    num_expected: int | None = Field(description="How many were said to be coming; null: it was not said.")
    num_images: int = Field(description="That were sent so far.")
    num_done: int = Field(description="Of these, how many have masks.")
    num_failed: int = Field(description="Of these, how many have none and get none; each says why.")
    num_cancelled: int = Field(description="Of these, how many were given up before they were done.")
    fraction: float = Field(
        description="Of the work on all images that were sent or are still expected, 0 to 1; 1 where there is none."
    )
