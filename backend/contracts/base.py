"""The base class of everything that crosses a process boundary."""

from typing import Any

from pydantic import BaseModel, ConfigDict

#: Where defaults come from that are the method's authors' own, and those that nobody gave.
REFERENCE = "the authors' reference code (NVFlare research/fed-sm)"
OWN = "this project's choice"


class Contract(BaseModel):
    """Immutable, and refuses a field it does not know: a typing error is never a silent default."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        validate_by_alias=True,
        validate_by_name=True,
        serialize_by_alias=True,
    )


def applies_when(field: str, *values: str | int) -> dict[str, Any]:
    """For `json_schema_extra`: the field counts only where its sibling `field` has one of these values.

    field: a path from the configuration, `network.spatial_dims`, for one that stands elsewhere.
    """
    return {"applies_when": {field: list(values)}}


def default_from(source: str) -> dict[str, Any]:
    """For `json_schema_extra`: where the field's default comes from, as the end of a sentence."""
    return {"source": source}


def choices(meanings: dict[str, str]) -> dict[str, Any]:
    """For `json_schema_extra`: what each choice means."""
    return {"choices": meanings}


def unit(name: str) -> dict[str, Any]:
    """For `json_schema_extra`: what the number counts."""
    return {"unit": name}


def with_example(**fields: Any) -> ConfigDict:
    """The configuration of a request body that shows `fields` as its example in the API's documentation."""
    return ConfigDict(json_schema_extra={"examples": [fields]})
