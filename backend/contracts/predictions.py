"""Predicting one image that belongs to no data set: what a run's models make of it, and which one was chosen."""

from typing import Annotated, Literal

from pydantic import Field

from backend.contracts.artifacts import Sha256
from backend.contracts.base import Contract
from backend.contracts.datasets import CaseWarning
from backend.contracts.unlikeness import MayBeUnlike
from backend.contracts.values import (
    MAX_MODELS,
    MAX_SITES,
    MAX_STRUCTURES,
    AtMost,
    NotNegative,
    PartName,
    Seconds,
    Share,
    Slug,
    StructureKey,
    Text,
)

MAX_WARNINGS = 20
WARNINGS_DESCRIPTION = "What a person should look at in the image, as of a case of a data set."
#: Of an uploaded file: no path, and a suffix by which it is read.
FileName = Annotated[str, Field(pattern=r"^[^/\\]+$"), Text(200, least=1, visible=True)]


class StructureSize(Contract):
    """How much of a structure a mask holds: in the result's unit."""

    structure: StructureKey
    size: NotNegative


#: A mask as one file of all structures, with names and codes.
SegmentationForm = Literal["seg-nrrd", "dicom-seg"]
SEGMENTATIONS_DESCRIPTION = (
    "Of all structures with names and codes: `seg-nrrd`, a .seg.nrrd of 3D Slicer, of an image with a position; "
    "`dicom-seg`, which references its images, of DICOM ones with a position."
)


class PredictedMask(Contract):
    """`mask` is for the viewer: bit 2**i for structure i of the task. `files` are for download, one a structure.

    They are gzipped NIfTI of 0 and 1 where the image's file has a geometry, with that geometry and in the file's own
    array order, and a PNG of 0 and 255 of a picture without one."""

    model: PartName
    mask: Sha256
    sizes: Annotated[tuple[StructureSize, ...], AtMost(MAX_STRUCTURES)]
    files: Annotated[dict[StructureKey, Sha256], AtMost(MAX_STRUCTURES)]
    segmentations: Annotated[dict[SegmentationForm, Sha256], AtMost(2)] = Field(
        default={}, description=SEGMENTATIONS_DESCRIPTION
    )


class PredictCaseResult(MayBeUnlike):
    kind: Literal["predict_case"] = "predict_case"
    image: Sha256 = Field(description="Gzipped NIfTI for the viewer.")
    unit: Literal["mm³", "mm²", "px"]
    probabilities: Annotated[dict[Slug, Share], AtMost(MAX_SITES)] | None = Field(
        description="The selector's, by site slug in site order; None where the method has no selector."
    )
    chosen_model: PartName = Field(
        description="The super model's choice; where there is none, the global model, or the first site's."
    )
    masks: Annotated[tuple[PredictedMask, ...], AtMost(MAX_MODELS)] = Field(description="The chosen model's first.")
    seconds: Seconds
    warnings: Annotated[tuple[CaseWarning, ...], AtMost(MAX_WARNINGS)] = Field(
        default=(), description=WARNINGS_DESCRIPTION
    )
