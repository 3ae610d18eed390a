"""A hospital's consent to a run: what is asked, what is fixed by it, and the answer that the hospital's key signs.

What is fixed is named by its hash: the configuration, the method, the task, the sites and the data, in canonical JSON.
The seed is not part of it, so that one consent holds for all repeats; whatever else changes asks anew. What may leave
is not part of it either: the hospital's policy decides that anew for every task.
"""

import hashlib
from typing import Annotated, Any, Literal

from pydantic import Field

from backend.contracts.artifacts import Sha256
from backend.contracts.base import Contract, with_example
from backend.contracts.canonical import canonical
from backend.contracts.datasets import DatasetManifest
from backend.contracts.tasks import Manifests, RunSpec
from backend.contracts.values import AtMost, Id, Label, ShortSaid, SignatureText, Slug, Text, Time

MAX_ASKED = 1000

Decision = Literal["approved", "refused"]
#: `rule`: a standing approval of the hospital's policy file.
DecidedBy = Literal["person", "rule"]


class AskedApproval(Contract):
    """A run that a hospital is asked to take part in, and its answer, if there is one."""

    run_id: Id
    run: Label = Field(description="Method and seed, as people call it.")
    experiment_id: Id
    experiment: Label
    asked_at: Time
    terms_sha256: Sha256 = Field(description="Names what is fixed.")
    decision: Decision | None = Field(default=None, description="Null: not decided yet.")


class AskedApprovals(Contract):
    """Of all runs that are not over, the newest first."""

    asked: Annotated[tuple[AskedApproval, ...], AtMost(MAX_ASKED)]


class ApprovalSheet(Contract):
    """What a run would do, whole: the hospital computes the hash of it itself."""

    asked: AskedApproval
    run: RunSpec
    data: Manifests = Field(description="The hospital's own data in this run.")


class Consent(Contract):
    """A hospital's decision."""

    site: Slug
    terms_sha256: Sha256
    decision: Decision
    by: DecidedBy
    name: Annotated[str, Text(100)] = Field(default="", description="Who decided, as far as the hospital tells it.")
    reason: ShortSaid = Field(default="", description="Of a refusal.")
    decided_at: Time


class SignedConsent(Contract):
    """signature: the site's key's, over `consent_message`."""

    model_config = with_example(
        consent={
            "site": "north",
            "terms_sha256": "0" * 64,
            "decision": "approved",
            "by": "person",
            "decided_at": "2026-01-31T12:00:00Z",
        },
        signature=f"{'A' * 86}==",
    )

    consent: Consent
    signature: SignatureText


def terms_sha256(run: RunSpec, data: tuple[DatasetManifest, ...]) -> str:
    """Of what a consent fixes. Both were read from JSON, so that hub and hospital hash the same numbers."""
    left_out: dict[str, Any] = {"run_id": True, "seed": True, "config": {"strategies"}}
    fixed = {
        "run": run.model_dump(mode="json", exclude=left_out),
        "data": [
            manifest.model_dump(mode="json", exclude={"may_send_images", "may_send_predictions"}) for manifest in data
        ],
    }
    return hashlib.sha256(canonical(fixed)).hexdigest()


def consent_message(consent: Consent) -> bytes:
    """What is signed."""
    return b"fedsm consent" + canonical(consent.model_dump(mode="json"))
