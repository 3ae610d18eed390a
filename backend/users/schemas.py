"""Request and response bodies of sign-in and of the system's state."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, computed_field

from backend.contracts.base import Contract, with_example
from backend.contracts.values import Name, Text
from backend.disk_record import LOW_DISK_SHARE, DiskRecord
from backend.record import Record


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


class SystemRecord(Record):
    version: str
    database: str
    broker_connected: bool
    disks: list[DiskRecord] = Field(description="Of the state folder and the artifacts; one where both share it.")
    workers: list[WorkerRecord]
