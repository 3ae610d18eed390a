"""The base of response bodies."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, model_validator

from backend.contracts.values import stored_values


class Record(BaseModel):
    """A response body, read from a row."""

    model_config = ConfigDict(from_attributes=True)

    @model_validator(mode="wrap")
    @classmethod
    def _as_stored(cls, values: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """What is in the database is shown, also where it breaks a bound of today."""
        with stored_values():
            return handler(values)
