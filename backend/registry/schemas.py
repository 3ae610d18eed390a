"""Registered models, their versions, and what is known about them."""

from datetime import datetime

from pydantic import Field

from backend.contracts.thresholds import THRESHOLD_CHOICE, ThresholdChoice
from backend.contracts.version_scores import VersionScore as VersionScore
from backend.evaluations.run_comparison.schemas import Parameter
from backend.record import Record
from backend.trained_models.schemas import ModelSet


class VersionFacts(ModelSet):
    """What the run knew when the version was registered. It never changes, and its hash is signed."""

    threshold: ThresholdChoice = Field(default="run", description=THRESHOLD_CHOICE)
    version_scores: list[VersionScore]
    limits: list[str] = Field(description="For what the models are not, in sentences.")


class Signature(Record):
    """What the server says of the version's files, signed with its key (Ed25519)."""

    statement: str = Field(description="JSON: name, version, run, round, time, and the SHA-256 of each file.")
    signature: str = Field(description="Of the statement's bytes, in base64.")
    public_key: str = Field(description="In base64.")
    fingerprint: str = Field(description="The SHA-256 of the public key: the server's.")


class VersionSummary(Record):
    """A line of a list."""

    id: str
    model_id: str
    name: str
    number: int
    reference: str = Field(description="`name:number`")
    aliases: list[str]
    run_id: str
    experiment_id: str
    experiment_name: str
    experiment_archived: bool = Field(description="Now; the version's facts are as they were.")
    strategy_label: str
    seed: int
    round: int
    threshold: ThresholdChoice = Field(description=THRESHOLD_CHOICE)
    sites: list[str]
    num_bytes: int
    scores: list[VersionScore] = Field(description="On the test cases of all sites that trained, together.")
    made_from: str | None = Field(
        description="`name:number` of the version that it was fine-tuned from, learned from, or got a site in addition "
        "to; null: none."
    )
    notes: str
    created_at: datetime
    created_by: str


class VersionRecord(VersionSummary):
    federation_id: str
    facts: VersionFacts
    noted_at: datetime | None
    noted_by: str | None
    card: str = Field(description="README.md of the download: facts around the notes (Markdown).")
    signature: Signature
    is_signed: bool = Field(
        description="Whether the signature is this server's, of the files and facts as they are stored now."
    )
    download_url: str


class RegisteredModelRecord(Record):
    id: str
    federation_id: str
    name: str
    created_at: datetime
    created_by: str
    aliases: dict[str, int] = Field(description="Alias to the number of the version.")
    versions: list[VersionSummary] = Field(description="The newest first.")


class ComparedVersionScore(Record):
    model: str
    site_slug: str | None
    values: list[VersionScore | None] = Field(description="One a version; null where it has no such score.")


class VersionComparison(Record):
    versions: list[VersionSummary]
    parameters: list[Parameter] = Field(description="Every setting, method first, with one value a version.")
    scores: list[ComparedVersionScore]
    cautions: list[str] = Field(description="Why the numbers may not be comparable, in sentences.")
