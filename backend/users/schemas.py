"""Request and response bodies of sign-in and of the system's state."""

from datetime import datetime

from pydantic import Field

from backend.contracts.base import Contract, with_example
from backend.federations.schemas import Record


class SessionCreate(Contract):
    model_config = with_example(token="the token that the start of the platform prints")

    token: str = Field(min_length=1, max_length=200, examples=["the token that the backend printed at its start"])


class HealthRecord(Record):
    status: str = Field(examples=["ok"])
    version: str


class SessionRecord(Record):
    user: str


class WorkerRecord(Record):
    name: str
    queues: list[str]
    hardware: str
    num_processes: int
    last_seen_at: datetime
    online: bool


class SystemRecord(Record):
    version: str
    database: str
    broker_connected: bool
    workers: list[WorkerRecord]


class ErrorBody(Record):
    """Every error of the API. `error` is a stable code; `detail` is for people."""

    error: str = Field(examples=["invalid_input"])
    detail: str
    fields: list[dict[str, str]] = Field(
        default=[], description="For invalid input: field, value, message, remedy of each problem."
    )
    correlation_id: str | None = None
