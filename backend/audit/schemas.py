"""Response bodies of the record."""

from datetime import datetime

from pydantic import Field

from backend.record import Record


class AuditProblem(Record):
    number: int = Field(description="Of the record that is not as it was written.")
    problem: str


class ConfirmedHead(Record):
    """The last head of the hub's record that a hospital's key confirmed."""

    site_slug: str
    number: int
    hash: str
    at: datetime


class AuditVerification(Record):
    """Whether the hub's record is as it was written: each by its hash, and all against what hospitals confirmed."""

    records: int = Field(description="Records that there are.")
    first: int = Field(description="The number of the first; those before it went by their age. 0: there is none.")
    last: int
    head: str = Field(description="The last record's hash: keep it elsewhere, and compare.")
    intact: bool
    problems: list[AuditProblem] = Field(description="At most 20, the first ones.")
    confirmed: list[ConfirmedHead] = Field(description="What each hospital confirmed last.")
