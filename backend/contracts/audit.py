"""Heads of records: hub and hospital show each other the last line's hash: neither rewrites its record alone."""

from typing import Annotated, Literal

from pydantic import Field

from backend.contracts.artifacts import Sha256
from backend.contracts.base import Contract, with_example
from backend.contracts.canonical import canonical
from backend.contracts.values import MAX_BYTES, AtMost, SignatureText, Slug, Within

#: Before the first record.
GENESIS = "0" * 64
MAX_HEADS = 1000

RecordNumber = Annotated[int, Within(0, MAX_BYTES)]


class AuditHead(Contract):
    """A record and its hash, which is of all records before it too."""

    number: RecordNumber
    hash: Sha256


class HeadsSeen(Contract):
    """What one side says of both records. It is signed, so that the other can show it to anybody."""

    own: AuditHead
    other: AuditHead | None = Field(default=None, description="The other side's last head that is kept here.")
    signature: SignatureText


class AuditQuestion(Contract):
    """A hospital asks the hub for what it compares its own files with."""

    model_config = with_example(numbers=[1, 17])

    numbers: Annotated[tuple[RecordNumber, ...], AtMost(MAX_HEADS)] = Field(description="Records of the hub.")


class AuditAnswer(Contract):
    hub: Annotated[tuple[AuditHead, ...], AtMost(MAX_HEADS)] = Field(
        description="Of the records that were asked for, those that there are."
    )
    site: Annotated[tuple[AuditHead, ...], AtMost(MAX_HEADS)] = Field(
        description="Heads of the hospital's record that the hub keeps, the latest first."
    )


def heads_message(said_by: Literal["hub", "site"], site: Slug, own: AuditHead, other: AuditHead | None) -> bytes:
    """What is signed."""
    said = {"by": said_by, "site": site, "own": own.model_dump(), "other": other and other.model_dump()}
    return b"fedsm audit heads" + canonical(said)
