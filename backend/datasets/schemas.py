"""Request and response bodies of data sets and cases."""

from datetime import datetime

from pydantic import Field

from backend.contracts.base import Contract, with_example
from backend.contracts.metrics import Split
from backend.contracts.status import DatasetStatus
from backend.contracts.tasks import SplitFractions
from backend.federations.schemas import Name, Record


class DatasetCreate(Contract):
    model_config = with_example(
        name="Screening 2024", folder="/data/aster-clinic", fractions={"train": 0.6, "val": 0.15}, seed=0
    )

    name: Name
    folder: str = Field(
        min_length=1,
        max_length=1000,
        description="Absolute path, on the site's worker, of a folder with images/ and masks/ holding equal names.",
        examples=["/data/site-a"],
    )
    fractions: SplitFractions = SplitFractions()
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="Seed of the split into train, val and test.")


class CaseRecord(Record):
    id: str
    name: str
    used: bool
    reason_code: str | None
    reason: str | None
    split: Split | None
    width: int | None
    height: int | None
    structure_shares: dict[str, float]
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
    status: DatasetStatus
    error: str | None = Field(description="Why the check failed, in plain words.")
    created_at: datetime
    checked_at: datetime | None
    num_used: int
    num_skipped: int
    num_cases: dict[Split, int]
    skipped_by_reason: dict[str, int]
    intensity_histogram: list[float]
    structure_shares: dict[str, float] = Field(description="Mean share of the image over used cases, by structure.")
    fingerprint: str | None = Field(description="SHA-256 over the used cases' names, splits and file hashes.")
