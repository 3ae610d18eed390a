"""Bodies of pairs that are possibly one patient's."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from backend.contracts.base import Contract, with_example
from backend.contracts.likeness import Decision
from backend.contracts.metrics import Split
from backend.contracts.values import Id

Scope = Literal["data_set", "site", "sites"]


class AlikeCase(BaseModel):
    case_id: str
    name: str
    split: Split
    site_slug: str
    site_name: str
    dataset_id: str
    dataset_name: str
    thumbnail_url: str | None = Field(description="None where the site's policy shows no picture.")


class AlikeRecord(BaseModel):
    cases: tuple[AlikeCase, AlikeCase]
    bits: int = Field(description="How many of 256 bits of their perceptual hashes differ; 256: not known here.")
    scope: Scope = Field(
        description="data_set: both in one; site: in two of one site; sites: of two sites, where nothing can be joined."
    )
    decision: Decision | None = Field(description="None: nobody has decided.")
    decided_by: str | None
    decided_at: datetime | None


class AlikeReport(BaseModel):
    pairs: list[AlikeRecord] = Field(description="Undecided ones first, then the nearest; at most 200.")
    num_pairs: int
    num_undecided: int
    is_complete: bool = Field(description="False: there are too many cases to compare all data sets in one answer.")


class PairDecide(Contract):
    model_config = with_example(first_case_id="0" * 16, second_case_id="1" * 16, decision="same_patient")

    first_case_id: Id
    second_case_id: Id
    decision: Decision = Field(
        description="same_patient: both get one pseudonym and one split, in all data sets of their site; between two "
        "sites the pair is named as leakage. different_patients: the pair is not asked about again."
    )
