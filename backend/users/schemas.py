"""Request and response bodies of sign-in and of the system's state."""

from datetime import datetime

from pydantic import Field

from backend.contracts.base import Contract, with_example
from backend.federations.schemas import Name, Record


class SessionCreate(Contract):
    model_config = with_example(token="the token that the start of the platform prints")

    token: str = Field(min_length=1, max_length=200, examples=["the token that the backend printed at its start"])


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
