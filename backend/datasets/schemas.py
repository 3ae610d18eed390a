"""Request and response bodies of data sets and cases."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, field_validator

from backend.contracts.artifacts import Sha256
from backend.contracts.base import Contract, with_example
from backend.contracts.datasets import (
    SPACING_DESCRIPTION,
    CaseWarning,
    LabelMap,
    Layout,
    Pattern,
    Reading,
    ReasonCode,
    SplitFractions,
)
from backend.contracts.metrics import Split
from backend.contracts.patient_patterns import valid_patient_pattern
from backend.contracts.repairs import Remedy, Repair
from backend.contracts.status import DatasetStatus, RunStatus
from backend.contracts.values import AtMost, Count, Folder, Name
from backend.record import Record


class DatasetCreate(Contract):
    model_config = with_example(
        name="Screening 2024",
        folder="/data/aster-clinic",
        fractions={"train": 0.6, "val": 0.15},
        seed=0,
        layout="auto",
        label_map={
            "structures": {"optic disc": {"values": [128, 255]}, "optic cup": {"values": [255]}},
            "ignored_values": [64],
        },
        patient_pattern="^(P[0-9]+)_",
    )

    name: Name
    folder: Folder = Field(
        description="Absolute path on the site's worker: of a folder, or of a datalist's JSON file.",
        examples=["/data/site-a"],
    )
    fractions: SplitFractions = SplitFractions()
    seed: Count = Field(default=0, description="Seed of the split into train, val and test.")
    layout: Layout = Field(
        default="auto",
        description=(
            "folders: images/ and masks/ (or labels/) holding equal names; per_structure: one mask file for each "
            "structure, in a folder for each case; datalist: a MONAI or Decathlon JSON file; "
            "nnunet: imagesTr/ and labelsTr/ with dataset.json; bids: sub-*/ with masks below derivatives/."
        ),
    )
    label_map: LabelMap | None = Field(default=None, description=Reading.model_fields["label_map"].description)
    channel: int | None = Field(default=None, ge=0, le=99, description=Reading.model_fields["channel"].description)
    empty_means_nothing_there: bool = Field(
        default=False, description=Reading.model_fields["empty_means_nothing_there"].description
    )
    repairs: Annotated[tuple[Repair, ...], AtMost(10)] = Field(
        default=(), description=Reading.model_fields["repairs"].description
    )
    patient_pattern: Pattern | None = Field(
        default=None,
        description=(
            "Regular expression (as RE2 knows them) with one group, the patient's part of a case's name. Cases of one "
            "patient share a split. Left out: what cases.csv, the BIDS tree or the DICOM headers say."
        ),
        examples=["^(P[0-9]+)_"],
    )

    _pattern_has_one_group = field_validator("patient_pattern")(valid_patient_pattern)

    @property
    def reading(self) -> Reading:
        """As asked."""
        return Reading(
            label_map=self.label_map,
            channel=self.channel,
            empty_means_nothing_there=self.empty_means_nothing_there,
            repairs=self.repairs,
        )


class CheckAgain(Contract):
    """How the folder is to be read from now on."""

    model_config = with_example(repairs=["resize_masks"], empty_means_nothing_there=False)

    repairs: Annotated[tuple[Repair, ...], AtMost(10)] | None = Field(
        default=None, description="Left out: as before. " + str(Reading.model_fields["repairs"].description)
    )
    empty_means_nothing_there: bool | None = Field(
        default=None,
        description="Left out: as before. " + str(Reading.model_fields["empty_means_nothing_there"].description),
    )


class DatasetConfirm(Contract):
    model_config = with_example(fingerprint="0" * 64)

    fingerprint: Sha256 = Field(description="Of the data set as it was looked at.")


class DatasetUpdate(Contract):
    model_config = with_example(name="Screening 2024, second reader")

    name: Name | None = Field(default=None, description="Left out: unchanged.")
    folder: Folder | None = Field(
        default=None,
        description=(
            "Left out: unchanged. Another one is checked at once, and the first check of it replaces what is known. "
            "Only of a data set on which no run was started."
        ),
        examples=["/data/site-a"],
    )


class CheckRecord(Record):
    """What one check found. Equal fingerprints: the same cases, files, splits and reading of masks."""

    at: datetime
    fingerprint: str | None
    num_used: int
    num_skipped: int
    error: str | None


class DatasetRun(BaseModel):
    """A run that was started on the data set."""

    run_id: str
    run_label: str
    status: RunStatus
    experiment_id: str
    experiment_name: str
    started_at: datetime | None
    fingerprint: str = Field(description="Of the data set when the run started.")


class CaseRecord(Record):
    id: str
    name: str
    used: bool
    reason_code: ReasonCode | None
    reason: str | None
    warnings: list[CaseWarning]
    repairs: list[Repair] = Field(description="Those that the used case's mask needed.")
    remedies: list[Remedy] = Field(description="Settings with which the skipped case could be used, all together.")
    split: Split | None
    patient: str | None = Field(description="Pseudonym, equal for all cases of one patient at this site.")
    width: int | None
    height: int | None
    depth: int | None
    spacing: list[float] | None = Field(description=SPACING_DESCRIPTION)
    structure_shares: dict[str, float]
    structure_sizes: dict[str, float] = Field(description="ml in a volume, pixels in a picture.")
    thumbnail_url: str | None


class DatasetRecord(Record):
    id: str
    site_id: str
    site_slug: str
    site_name: str
    name: str
    folder: str
    fractions: SplitFractions
    seed: int
    layout: Layout = Field(description="As asked.")
    found_layout: Layout | None = Field(description="As the check found it.")
    reading: Reading = Field(description="As the check applied it; before, as asked.")
    asked_reading: Reading = Field(description="As asked, for the next check.")
    patient_pattern: str | None
    status: DatasetStatus
    error: str | None = Field(description="Why the check failed, in plain words.")
    check_fraction: float | None = Field(description="How far the check is, 0 to 1. None: none is under way.")
    waits_for: str | None = Field(
        description="In words, why the check under way does not go on, and the remedy: no worker serves the site."
    )
    may_send_thumbnails: bool = Field(description="By the site's policy of now.")
    created_at: datetime
    checked_at: datetime | None
    num_used: int
    num_skipped: int
    num_cases: dict[Split, int]
    num_patients: int | None = Field(description="Known patients of the used cases; None where none is known.")
    num_without_patient: int = Field(description="Used cases whose patient is not known.")
    skipped_by_reason: dict[ReasonCode, int]
    warnings: list[str] = Field(description="About the data set as a whole.")
    num_warned: int = Field(description="Used cases that a person should look at.")
    num_repaired: dict[Repair, int] = Field(description="Used cases by the repairs that their masks needed.")
    num_repaired_cases: int = Field(description="Used cases with any repair.")
    num_remediable: dict[Remedy, int] = Field(
        description="Skipped cases by the settings with which they could be used; a case may need several."
    )
    num_with_remedy: int = Field(description="Skipped cases that could be used with other settings.")
    num_empty: int = Field(description="Used cases without any structure: the data set says that nothing is there.")
    spacing: list[float] | None = Field(description="Median over used cases, in mm and array order.")
    intensity_histogram: list[float]
    structure_shares: dict[str, float] = Field(description="Mean share of the image over used cases, by structure.")
    fingerprint: str | None = Field(
        description="SHA-256 over the used cases' names, splits and file hashes, and over how masks are read."
    )
