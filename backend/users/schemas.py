"""Request and response bodies of sign-in and of the system's state."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, computed_field

from backend.contracts.base import Contract, with_example
from backend.contracts.values import Name, Text
from backend.federations.schemas import Record

#: Less than this share free is worth a warning.
LOW_DISK_SHARE = 0.05


class SessionCreate(Contract):
    model_config = with_example(token="the token that the start of the platform prints")

    token: Annotated[str, Text(200, least=1)] = Field(examples=["the token that the backend printed at its start"])


class TokenCreate(Contract):
    model_config = with_example(name="nightly comparison", days=90)

    name: Name = Field(description="What it is for.")
    days: int = Field(default=90, ge=1, le=730, description="How long it is valid.")


class TokenRecord(Record):
    id: str
    name: str
    hint: str = Field(description="The token's first characters.")
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = Field(description="To the minute.")


class NewToken(TokenRecord):
    token: str = Field(description="Shown this once.")


class HealthRecord(Record):
    status: str = Field(examples=["ok"])
    version: str


class SessionRecord(Record):
    user: str


class WorkerRecord(Record):
    name: str
    queues: list[str]
    hardware: str
    num_gpus: int | None = Field(description="Null: it did not say.")
    num_processes: int
    last_seen_at: datetime
    online: bool
    disk_free: int | None = Field(default=None, description="Bytes; null: this worker does not say.")
    disk_total: int | None = Field(default=None, description="Bytes; null: this worker does not say.")

    @computed_field(description="Less than 5 % is free.")  # type: ignore[prop-decorator]  # pydantic's way
    @property
    def disk_is_low(self) -> bool:
        return self.disk_free is not None and self.disk_free < LOW_DISK_SHARE * (self.disk_total or 0)


class DiskRecord(Record):
    """A file system of the backend."""

    folder: str = Field(description="The first of the backend's folders that lies on it.")
    num_free: int = Field(description="Bytes.")
    num_total: int = Field(description="Bytes.")
    is_low: bool = Field(description="Less than 5 % is free.")
    is_full: bool = Field(description="Nothing is taken any more: uploads are answered 507, and runs wait.")
    warning: str | None = Field(description="In words, where it is low or full.")


class SystemRecord(Record):
    version: str
    database: str
    broker_connected: bool
    disks: list[DiskRecord] = Field(description="Of the state folder and the artifacts; one where both share it.")
    workers: list[WorkerRecord]


class ErrorBody(Record):
    """Every error of the API. `error` is a stable code; `detail` is for people."""

    error: str = Field(examples=["invalid_input"])
    detail: str
    fields: list[dict[str, str]] = Field(
        default=[], description="For invalid input: field, value, message, remedy of each problem."
    )
    correlation_id: str | None = None
