"""What backend, worker and browser agree on about data sets: how to read one, and what its check found.

Spacing is in mm and in array order: (rows, columns) of a picture, (slices, rows, columns) of a volume.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from backend.contracts.artifacts import Sha256
from backend.contracts.base import Contract
from backend.contracts.data_statistics import DatasetStatistics
from backend.contracts.likeness import Alike, JoinedCases
from backend.contracts.metrics import Split
from backend.contracts.refusals import refused
from backend.contracts.repairs import REPAIR_WORDS, Remedy, Repair, repairs_in_order
from backend.contracts.strategy_configs import StrategyName
from backend.contracts.task_definition import SegmentationTask
from backend.contracts.values import (
    MAX_CASES,
    MAX_CHANNELS,
    MAX_STRUCTURES,
    AtMost,
    CaseName,
    Count,
    FiniteFloat,
    Folder,
    Id,
    NotNegative,
    RelativePath,
    Said,
    Share,
    Side,
    Slug,
    Spacing,
    Stripped,
    StructureKey,
    StructureName,
    Text,
    Within,
)

#: How a data set's files are arranged; with `auto` the worker finds it out.
Layout = Literal["auto", "folders", "per_structure", "datalist", "nnunet", "bids"]
#: Why a case is not used.
ReasonCode = Literal[
    "no_mask",
    "no_image",
    "unreadable_image",
    "unreadable_mask",
    "size_mismatch",
    "geometry_mismatch",
    "wrong_dimensions",
    "missing_spacing",
    "unknown_label",
    "empty_mask",
    "wrong_channels",
    "duplicate",
    "bad_name",
]
#: Why a person should look at a used case.
WarningCode = Literal[
    "near_duplicate",
    "split_conflict",
    "exif_turn",
    "constant_image",
    "unknown_orientation",
    "empty_slices",
    "crossing_contours",
]
LabelValue = Annotated[int, Within(1, 65535)]
LabelValues = Annotated[tuple[LabelValue, ...], AtMost(1000)]
#: A segment of a DICOM-SEG, or a ROI of an RTSTRUCT.
SegmentName = Annotated[str, Stripped, Text(200, least=1, visible=True)]
SegmentNames = Annotated[tuple[SegmentName, ...], AtMost(1000)]
#: 256 bits in hexadecimal digits; `worker.datasets.duplicates` says of what.
PerceptualHash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$"), Text(64)]
#: A patient's pseudonym, a keyed hash that is made at the site.
Pseudonym = Annotated[str, Text(100, least=1)]
#: A regular expression.
Pattern = Annotated[str, Text(200)]
#: Maximum number of a perceptual hash's 256 bits that differ between near duplicates; measured in the same module.
NEAR_DUPLICATE_BITS = 24
SPACING_DESCRIPTION = "mm in array order (slices, rows, columns of a volume); None where unknown."

#: Files of a mask by the structures' names in the data set.
MaskParts = Annotated[dict[CaseName, RelativePath], AtMost(1000)]
PARTS_DESCRIPTION = (
    "Of a mask that is one file for each structure: the structures' names in the data set, and each one's file. Empty: "
    "`mask` is one file."
)


class SplitFractions(Contract):
    """Shares of a data set's cases; the rest after train and val is test."""

    train: float = Field(default=0.6, gt=0, lt=1)
    val: float = Field(default=0.15, gt=0, lt=1)


class SitePolicy(Contract):
    """What may run at a site, and what may leave it. Model weights and metrics leave always: without them nothing is
    federated."""

    allowed_strategies: Annotated[tuple[StrategyName, ...], AtMost(100)] | None = Field(
        default=None,
        description="The methods that may train on the site's data. None: all. An experiment with another is refused.",
    )
    may_send_thumbnails: bool = Field(
        default=True,
        description="Small pictures of the used cases with their reference outlined. Left out: as may_send_images.",
    )
    may_send_images: bool = Field(
        default=True,
        description="Images and reference masks of test cases, which the viewer shows, and a shared report of three.",
    )
    may_send_predictions: bool = Field(
        default=True, description="Predicted masks of test cases. Left out: as may_send_images."
    )
    may_send_hashes: bool = Field(
        default=True,
        description=(
            "Hashes of decoded images, exact and perceptual, by which other sites' cases are compared for leakage. "
            "SHA-256 of the files themselves leave always, to prove before each run that no file changed; they are "
            "compared with no other site's."
        ),
    )
    minimum_count: int = Field(
        default=10, ge=1, le=1000, description="Federated statistics state no number of cases from 1 to this less one."
    )

    @model_validator(mode="before")
    @classmethod
    def _pictures_follow_images(cls, values: Any) -> Any:
        """A policy of before there were three switches had one for thumbnails, images and predictions."""
        if not isinstance(values, dict) or "may_send_images" not in values:
            return values
        images = values["may_send_images"]
        return {"may_send_thumbnails": images, "may_send_predictions": images, **values}

    @model_validator(mode="after")
    def _some_strategy_is_allowed(self) -> Self:
        if self.allowed_strategies == ():
            raise refused(
                "allowed_strategies is empty",
                "name at least one method, or leave it out to allow all",
                field="allowed_strategies",
            )
        return self


class StructureLabels(Contract):
    """What stands for one structure in one data set's masks; a structure is the union of all that is listed."""

    values: LabelValues = Field(default=(), description="Integers of label masks.", examples=[[1, 2]])
    names: SegmentNames = Field(
        default=(),
        description="Segment names of DICOM-SEG, ROI names of RTSTRUCT; case does not matter.",
        examples=[["Prostate"]],
    )

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.values and not self.names:
            raise refused("values and names are both empty", "list at least one integer or name of the structure")
        return self


class LabelMap(Contract):
    """A data set's own labels for the federation's structures. What is in a mask must be mapped or ignored: a value
    that nobody named is refused as `unknown_label`, for it may be a structure that was forgotten."""

    structures: Annotated[dict[StructureName, StructureLabels], AtMost(MAX_STRUCTURES)] = Field(
        description="Every structure of the federation's task, by name.",
        examples=[{"prostate": {"values": [1, 2], "names": ["Prostate"]}}],
    )
    ignored_values: LabelValues = Field(default=(), description="Integers that count as background.")
    ignored_names: SegmentNames = Field(
        default=(), description="Segments and ROIs that are left out; `*` stands for every one not mapped."
    )

    @model_validator(mode="after")
    def _nothing_is_mapped_and_ignored(self) -> Self:
        mapped_values = {value for labels in self.structures.values() for value in labels.values}
        mapped_names = {name.casefold() for labels in self.structures.values() for name in labels.names}
        both: list[int | str] = [value for value in self.ignored_values if value in mapped_values]
        both += [name for name in self.ignored_names if name.casefold() in mapped_names]
        if both:
            raise refused(f"{', '.join(map(str, both))} is mapped to a structure and ignored", "keep one of the two")
        return self


class Reading(Contract):
    """How the files of one data set are read, at the check and before every run alike."""

    label_map: LabelMap | None = Field(
        default=None,
        description="Left out: the integers of the federation's task, segments and ROIs by the structures' names.",
    )
    channel: Annotated[int, Field(ge=0, le=99)] | None = Field(
        default=None,
        description="The one channel to take, from 0, of images with several (sequences of an MR study); left out: all",
    )
    empty_means_nothing_there: bool = Field(
        default=False,
        description="A mask without a pixel of any structure says that none is there, as in healthy people: its case "
        "is used. Else such a case is skipped as empty_mask, for its mask may not have been drawn yet.",
    )
    repairs: Annotated[tuple[Repair, ...], AtMost(10)] = Field(
        default=(),
        description="Changes to masks that could not be used as they are. "
        + "; ".join(f"{repair}: {words}" for repair, words in REPAIR_WORDS.items())
        + ". The last two only where the task has one structure, and one of them.",
    )
    largest_value: LabelValue | None = Field(
        default=None, description="What the repair largest_value found to be the structure; the check fills it in."
    )

    _each_repair_once = field_validator("repairs")(repairs_in_order)


class ManifestCase(Contract):
    """One used case of a data set: paths relative to the data set's folder, and what they must hash to.

    A path is a file, or the folder of a DICOM series."""

    case_id: Id
    name: CaseName
    split: Split
    image: RelativePath
    mask: RelativePath
    image_sha256: Sha256
    mask_sha256: Sha256
    mask_parts: MaskParts = Field(default={}, description=PARTS_DESCRIPTION)
    patient: Pseudonym | None = Field(
        default=None,
        description="Pseudonym, equal for all cases of one patient at this site; None: the case is its own patient.",
    )


class DatasetManifest(Contract):
    """A data set as a worker uses it. Cases are in name order, and code that loads them keeps that order."""

    dataset_id: Id
    site: Slug
    folder: Folder
    cases: Annotated[tuple[ManifestCase, ...], AtMost(MAX_CASES)]
    reading: Reading = Reading()
    may_send_images: bool = True
    may_send_predictions: bool = True


class DescribeDatasetPayload(Contract):
    kind: Literal["describe_dataset"] = "describe_dataset"
    dataset_id: Id
    site: Slug
    folder: Folder
    task: SegmentationTask
    fractions: SplitFractions
    seed: Count
    layout: Layout = "auto"
    reading: Reading = Reading()
    patient_pattern: Pattern | None = None
    may_send_thumbnails: bool = True
    may_send_hashes: bool = True
    joined: Annotated[tuple[JoinedCases, ...], AtMost(MAX_CASES)] = Field(
        default=(), description="Cases that were confirmed to be one patient's: they share a split."
    )


class CaseWarning(Contract):
    """Something about a used case that a person should look at."""

    code: WarningCode
    message: Said


class CheckedCase(Contract):
    """One case of a data set after the readiness check. A skipped one says why."""

    name: CaseName
    image: RelativePath
    mask: RelativePath | None
    mask_parts: MaskParts = Field(default={}, description=PARTS_DESCRIPTION)
    reason_code: ReasonCode | None = Field(default=None, description="None: the case is used.")
    reason: Said | None = Field(default=None, description="In plain words, with the values and the remedy.")
    warnings: Annotated[tuple[CaseWarning, ...], AtMost(100)] = ()
    repairs: Annotated[tuple[Repair, ...], AtMost(10)] = Field(
        default=(), description="Those that the used case's mask needed."
    )
    remedies: Annotated[tuple[Remedy, ...], AtMost(10)] = Field(
        default=(),
        description="Settings of the reading with which the skipped case could be used, all together.",
    )
    split: Split | None = None
    patient: Pseudonym | None = Field(
        default=None, description="Pseudonym: a keyed hash, made at the site. None where no patient is known."
    )
    width: Side | None = None
    height: Side | None = None
    depth: Side | None = Field(default=None, description="Slices of a volume; None of a picture.")
    spacing: Annotated[tuple[Spacing, ...], AtMost(3)] | None = Field(default=None, description=SPACING_DESCRIPTION)
    image_sha256: Sha256 | None = None
    mask_sha256: Sha256 | None = None
    pixel_sha256: Sha256 | None = Field(
        default=None, description="Of the decoded pixels, whatever the file format. None where policy forbids hashes."
    )
    perceptual_hash: PerceptualHash | None = Field(default=None, description="None where policy forbids hashes.")
    structure_shares: Annotated[dict[StructureKey, Share], AtMost(MAX_STRUCTURES)] = Field(
        default={}, description="Structure name to its share of the image's pixels."
    )
    structure_sizes: Annotated[dict[StructureKey, NotNegative], AtMost(MAX_STRUCTURES)] = Field(
        default={}, description="Structure name to its size: ml in a volume, pixels in a picture."
    )
    mean_intensity: Annotated[tuple[FiniteFloat, ...], AtMost(MAX_CHANNELS)] = Field(
        default=(), description="Mean of each channel: of a picture in 0 to 1, of a volume in the file's own unit."
    )
    intensity_percentiles: Annotated[tuple[FiniteFloat, ...], AtMost(5)] = Field(
        default=(), description="0.5th, 25th, 50th, 75th and 99.5th percentile of the grey values, in the same unit."
    )
    thumbnail: Sha256 | None = Field(
        default=None, description="JPEG, at most 256 px, the reference outlined; None where policy forbids."
    )


class DescribeDatasetResult(Contract):
    kind: Literal["describe_dataset"] = "describe_dataset"
    cases: Annotated[tuple[CheckedCase, ...], AtMost(MAX_CASES)]
    intensity_histogram: Annotated[tuple[Share, ...], AtMost(32)] = Field(
        default=(),
        description=(
            "Share of pixels in 32 equal bins of grey value over all used images. A volume's grey values are first "
            "scaled between its 0.5th and 99.5th percentile: MR has no unit that scanners share."
        ),
    )
    layout: Layout | None = Field(default=None, description="How the files turned out to be arranged.")
    reading: Reading | None = Field(
        default=None, description="How they were read: as asked, completed by the data set's own dataset.json."
    )
    warnings: Annotated[tuple[Said, ...], AtMost(1000)] = Field(
        default=(), description="About the data set as a whole, in plain words."
    )
    pseudonym_key: Annotated[str, Field(pattern=r"^[0-9a-f]{8}$"), Text(8)] | None = Field(
        default=None,
        description=(
            "Which key made the patients' pseudonyms, and nothing of the key itself: only pseudonyms of one key can be "
            "compared. None: that of before keys were secret."
        ),
    )
    statistics: DatasetStatistics = Field(default={}, description="Sums over the used cases, by split.")
    alike: Alike = Field(default=Alike(), description="Pairs of used cases that are possibly one patient's.")
