"""Response bodies of leakage checks."""

from typing import Literal

from pydantic import BaseModel, Field

from backend.contracts.metrics import Split

LeakageKind = Literal["exact", "near", "patient", "confirmed"]


class LeakageCase(BaseModel):
    case_id: str
    name: str
    split: Split
    site_slug: str
    site_name: str
    dataset_id: str
    dataset_name: str


class LeakagePair(BaseModel):
    kind: LeakageKind = Field(
        description="exact: equal decoded pixels; near: perceptual hashes that differ in few bits; patient: one "
        "patient's cases in different splits of a site's data sets; confirmed: somebody decided that cases of two "
        "sites are of one patient."
    )
    bits: int | None = Field(description="Of near duplicates: how many of 256 bits differ. None of other kinds.")
    is_serious: bool = Field(description="One of the two is tested and the other trains or validates.")
    cases: tuple[LeakageCase, LeakageCase] = Field(description="The tested one second where it is one of the two.")
    message: str = Field(description="What was found, in plain words.")
    remedy: str


class SiteNotCompared(BaseModel):
    site_slug: str
    site_name: str
    num_cases: int = Field(description="Used cases whose hashes, or patients, cannot be compared.")
    reason: str = Field(description="With what would make them comparable.")


class LeakageReport(BaseModel):
    num_compared: int = Field(description="Used cases whose images were compared.")
    num_pairs: int = Field(description="Pairs found.")
    num_serious: int
    is_complete: bool = Field(
        description="False: looking ended at some thousand pairs, and there are at least as many as the numbers say."
    )
    pairs: list[LeakagePair] = Field(description="The serious ones first; at most 500.")
    not_compared: list[SiteNotCompared] = Field(description="In site order.")
    threshold_bits: int = Field(description="Near duplicates differ in at most this many of 256 bits.")
