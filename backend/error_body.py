"""How every error of the API looks."""

from pydantic import Field

from backend.record import Record


class ErrorBody(Record):
    """Every error of the API. `error` is a stable code; `detail` is for people."""

    error: str = Field(examples=["invalid_input"])
    detail: str
    fields: list[dict[str, str]] = Field(
        default=[], description="For invalid input: field, value, message, remedy of each problem."
    )
    correlation_id: str | None = None
