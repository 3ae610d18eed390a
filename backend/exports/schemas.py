"""Bodies of exports: a run's models in a form for other programs."""

from datetime import datetime

from pydantic import Field

from backend.contracts.base import Contract, with_example
from backend.contracts.exports import ExportForm, ExportStep
from backend.contracts.status import TaskStatus
from backend.contracts.thresholds import THRESHOLD_CHOICE, ThresholdChoice
from backend.record import Record


class ExportCreate(Contract):
    model_config = with_example(form="onnx")

    form: ExportForm = Field(
        description="onnx, torch-export, monai (a MONAI bundle) or hugging-face (a repository's folder)."
    )

    threshold: ThresholdChoice = Field(default="run", description=THRESHOLD_CHOICE)


class ExportRecord(Record):
    id: str
    run_id: str
    form: ExportForm
    label: str = Field(description="The form's name, as shown everywhere.")
    holds: str = Field(description="What is in the ZIP, and what runs it.")
    round: int = Field(description="The run's best, whose models it holds.")
    gamma: float | None = Field(description="The threshold, where it is another than the run's.")
    created_at: datetime
    created_by: str
    status: TaskStatus
    fraction: float
    step: ExportStep | None = Field(description="What the worker is at; null before it begins and once it has ended.")
    doing: str | None = Field(description="The same in words.")
    error: str | None = Field(description="Why there is no such form, and the remedy.")
    url: str | None = Field(description="Of the ZIP; null until it is made.")
    file_name: str
    num_bytes: int | None
    num_images: int | None = Field(description="Raw test cases on which its masks were compared with the platform's.")
    num_voxels: int | None = Field(description="Of all their masks.")
    num_different: int | None = Field(description="Of these, those that differ: rounding at an edge.")
