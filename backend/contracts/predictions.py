"""Predicting one image that belongs to no data set: what a run's models make of it, and which one was chosen."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from backend.contracts.artifacts import Sha256
from backend.contracts.base import Contract

#: Of an uploaded file: no path, and a suffix by which it is read.
FileName = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^/\\\x00]+$")]


class StructureSize(Contract):
    """How much of a structure a mask holds: in the result's unit."""

    structure: str
    size: float = Field(ge=0)


class PredictedMask(Contract):
    """`mask` is for the viewer: bit 2**i for structure i of the task. `files` are for download, one a structure: a PNG
    of 0 and 255 for a picture, gzipped NIfTI of 0 and 1 for a volume."""

    model: str
    mask: Sha256
    sizes: tuple[StructureSize, ...]
    files: dict[str, Sha256]


class PredictCaseResult(Contract):
    kind: Literal["predict_case"] = "predict_case"
    image: Sha256 = Field(description="Gzipped NIfTI for the viewer.")
    unit: Literal["mm³", "mm²", "px"]
    probabilities: dict[str, float] | None = Field(
        description="The selector's, by site slug in site order; None where the method has no selector."
    )
    chosen_model: str = Field(
        description="The super model's choice; where there is none, the global model, or the first site's."
    )
    masks: tuple[PredictedMask, ...] = Field(description="The chosen model's first.")
    seconds: float = Field(ge=0)
