"""A refused value as data: what is wrong, what to do, and which field it is about."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypedDict

from pydantic_core import PydanticCustomError

#: The type of these errors, as pydantic reports it.
REFUSED = "refused"


class Refusal(TypedDict):
    """field: a path from the object that is validated, empty for itself. value: as it is shown, None for the input."""

    field: str
    value: str | None
    message: str
    remedy: str


def refusal(message: str, remedy: str, field: str = "", value: object = None) -> Refusal:
    """One refusal as data. value: is shown as text."""
    return Refusal(field=field, value=None if value is None else str(value), message=message, remedy=remedy)


def refused(message: str, remedy: str, field: str = "", value: object = None) -> PydanticCustomError:
    """An error to raise in a validator; it is a ValueError with one refusal."""
    return all_refused([refusal(message, remedy, field, value)])


def all_refused(refusals: Sequence[Refusal]) -> PydanticCustomError:
    """One error with several refusals, at least one, each with its own field and remedy."""
    text = "; ".join(f"{entry['message']}: {entry['remedy']}" for entry in refusals)
    context: dict[str, Any] = {"text": text, "refusals": list(refusals)}
    return PydanticCustomError(REFUSED, "{text}", context)


def one_by_one(errors: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yields pydantic's errors; one that refuses several things is split: `ctx` is the refusal, `input` its value."""
    for error in errors:
        if error["type"] != REFUSED:
            yield dict(error)
            continue
        for entry in error["ctx"]["refusals"]:
            value = _value_at(error["input"], entry["field"]) if entry["value"] is None else entry["value"]
            yield dict(error) | {"ctx": entry, "input": value}


def steps_of(field: str) -> list[int | str]:
    """The steps of a path: `strategies.0.lambda` gives strategies, 0 and lambda."""
    return [int(step) if step.isdigit() else step for step in field.split(".") if step]


def _value_at(given: object, field: str) -> object:
    """The value in what was sent; None for a field that was left out."""
    for step in steps_of(field):
        match given:
            case dict():
                given = given.get(step)
            case list() if isinstance(step, int) and step < len(given):
                given = given[step]
            case _:
                return given
    return given
