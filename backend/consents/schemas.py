"""Response bodies of hospitals' consents."""

from datetime import datetime

from pydantic import Field

from backend.contracts.consent import DecidedBy, Decision
from backend.record import Record


class ApprovalRecord(Record):
    """What a run asks of a hospital that trains it, and the hospital's decision as its key signed it."""

    id: str
    run_id: str
    run: str = Field(description="Method and seed.")
    experiment_id: str
    experiment: str
    site_slug: str
    site: str
    terms_sha256: str = Field(description="Of the configuration, method, task, sites and data that are fixed.")
    asked_at: datetime
    decision: Decision | None = Field(description="Null: the hospital has not decided.")
    decided_at: datetime | None
    by: DecidedBy | None = Field(description="rule: a standing approval of the hospital's policy file.")
    name: str = Field(description="Who decided, as far as the hospital tells it.")
    reason: str = Field(description="Of a refusal.")
    signature: str | None = Field(description="Of the hospital's key over the decision, in base64.")
    public_key: str | None = Field(description="The key that signed, in base64.")
