"""The types of what comes in: no field without a bound, and nothing that was stored is lost by one."""

from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from pydantic import ValidationError

from backend.contracts.base import Contract
from backend.contracts.metrics import MetricPoint
from backend.contracts.values import (
    AtMost,
    Count,
    Description,
    FiniteFloat,
    Id,
    Name,
    Said,
    Slug,
    Time,
    one_line,
    printable,
    stored_values,
)
from tests.backend.document import openapi_document

pytestmark = pytest.mark.every_database

NO_SHARES: dict[str, float] = {}


class Everything(Contract):
    name: Name = "a"
    id: Id = "a"
    slug: Slug = "a"
    description: Description = ""
    said: Said = ""
    count: Count = 0
    number: FiniteFloat = 0.0
    time: Time | None = None
    numbers: Annotated[tuple[Count, ...], AtMost(3)] = ()
    shares: Annotated[dict[Name, FiniteFloat], AtMost(2)] = NO_SHARES


REFUSED: tuple[Any, ...] = (
    ("name", "", "give at least 1"),
    ("name", "  ", "give at least 1"),
    ("name", "a" * 81, "give at most 80"),
    ("name", "a\x00b", "control character U+0000 at position 2: remove it"),
    ("name", "a\nb", "control character U+000A"),
    ("name", "a\x1b[31mb", "control character U+001B"),
    ("name", "a\x9bb", "control character U+009B"),
    ("name", "a\u2028b", "control character U+2028"),
    ("name", "a\u202eb", "invisible character U+202E"),
    ("name", "a\u2067b", "invisible character U+2067"),
    ("name", "a\u200bb", "invisible character U+200B"),
    ("name", "\u3164\u200d", "nothing that can be seen"),
    ("name", "a\ud800", "half of a character U+D800"),
    ("id", "a" * 65, "give at most 64"),
    ("id", "\x00", "U+0000"),
    ("slug", "Not a slug", "should match pattern"),
    ("description", "a\x00", "U+0000"),
    ("description", "a" * 2001, "give at most 2000"),
    ("said", "a" * 4001, "give at most 4000"),
    ("count", -1, "from 0 to 2147483647"),
    ("count", 2**31, "from 0 to 2147483647"),
    pytest.param("count", 10**400, "from 0 to 2147483647", id="a number of 401 digits"),
    ("number", float("nan"), "from -1e+30 to 1e+30"),
    ("number", float("inf"), "from -1e+30 to 1e+30"),
    ("number", 1e31, "from -1e+30 to 1e+30"),
    ("time", "0001-01-01T00:00:00+14:00", "from 1970 to 9000"),
    ("time", "9999-12-31T23:59:59-14:00", "from 1970 to 9000"),
    ("time", "2026-01-01T00:00:00", "timezone"),
    ("numbers", (1, 2, 3, 4), "give at most 3"),
    ("numbers", (1, 2**31), "2147483647"),
    ("shares", {"a": 1.0, "b": 1.0, "c": 1.0}, "give at most 2"),
    ("shares", {"a\x00": 1.0}, "U+0000"),
)


@pytest.mark.parametrize(("field", "value", "words"), REFUSED)
def test_a_value_out_of_bounds_is_refused_in_words(field: str, value: object, words: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Everything.model_validate({field: value})
    (problem,) = refused.value.errors()
    assert problem["loc"][0] == field
    assert words in problem["msg"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "Klinik für Augenheilkunde"),
        ("name", "مستشفى العيون"),
        ("name", "בית חולים 3"),
        ("name", "眼科医院"),
        ("name", "👩‍⚕️ eyes"),
        ("name", "می‌خواهم"),
        ("description", "two\nlines\tand a tab"),
        ("count", 2**31 - 1),
        ("number", -1e30),
        ("time", "1970-01-02T00:00:00+14:00"),
    ],
)
def test_what_people_write_is_taken_as_it_is(field: str, value: object) -> None:
    kept = getattr(Everything.model_validate({field: value}), field)
    assert kept == value or field == "time"


def test_what_a_program_says_is_never_lost_by_a_control_character() -> None:
    assert Everything(said="no file a\x00\x1b[31m\ud800\u202e.png\nnext").said == (
        "no file a\\x00\\x1b[31m\\ud800\\u202e.png\nnext"
    )


def test_what_grows_by_escaping_is_cut() -> None:
    assert Everything(said="\x00" * 4000).said == ("\\x00" * 1000)


def test_a_log_gets_one_short_line() -> None:
    assert one_line("a\nb\r\u2028" + "c" * 300) == "a\\nb\\r\\u2028" + "c" * 195 + "..."
    assert printable("a\nb") == "a\nb"


def test_what_is_stored_is_read_whatever_the_bounds_of_today() -> None:
    stored = {"name": "a" * 100 + "\u202e", "count": 2**40, "number": float("inf"), "numbers": (1, 2, 3, 4)}
    with stored_values():
        assert Everything.model_validate(stored).model_dump(include=set(stored)) == stored
        with pytest.raises(ValidationError):
            Everything.model_validate({"count": "many"})  # its type still holds
    with pytest.raises(ValidationError):
        Everything.model_validate(stored)


def test_every_field_that_comes_in_has_a_bound() -> None:
    """Of every request body, parameter and header of the whole API, worker API included."""
    document = openapi_document()
    assert sorted(_unbounded(document)) == []


def test_the_walk_sees_a_field_without_a_bound() -> None:
    body = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "array", "items": {}}}}
    document = {
        "components": {"schemas": {"Body": body}},
        "paths": {
            "/x": {"post": {"requestBody": {"content": {"a": {"schema": {"$ref": "#/components/schemas/Body"}}}}}}
        },
    }
    assert sorted(_unbounded(document)) == ["Body.a: string", "Body.b: array"]


def test_every_field_of_a_stored_metric_has_a_bound() -> None:
    schema = MetricPoint.model_json_schema()
    assert list(_unbounded_in({"$ref": "x/MetricPoint"}, "", {"MetricPoint": schema}, set())) == []


def _unbounded(document: dict[str, Any]) -> Iterator[str]:
    schemas, seen = document["components"]["schemas"], set[str]()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for parameter in operation.get("parameters", []):
                place = f"{method} {path} {parameter['in']} {parameter['name']}"
                yield from _unbounded_in(parameter["schema"], place, schemas, seen)
            for content in operation.get("requestBody", {}).get("content", {}).values():
                yield from _unbounded_in(content["schema"], f"{method} {path}", schemas, seen)


def _unbounded_in(schema: dict[str, Any], place: str, schemas: dict[str, Any], seen: set[str]) -> Iterator[str]:
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        if name not in seen:
            seen.add(name)
            yield from _unbounded_in(schemas[name], name, schemas, seen)
        return
    for part in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from _unbounded_in(part, place, schemas, seen)
    kind = schema.get("type")
    if not _is_bounded(schema):
        yield f"{place}: {kind}"
    parts = {"items": "[]", "additionalProperties": "{}"}
    for key, ending in parts.items():
        if isinstance(schema.get(key), dict):
            yield from _unbounded_in(schema[key], place + ending, schemas, seen)
    for entry in schema.get("prefixItems", ()):
        yield from _unbounded_in(entry, f"{place}[]", schemas, seen)
    for name, entry in schema.get("properties", {}).items():
        yield from _unbounded_in(entry, f"{place}.{name}", schemas, seen)


def _is_bounded(schema: dict[str, Any]) -> bool:
    if {"enum", "const"} & schema.keys():
        return True
    match schema.get("type"):
        case "string":  # the bytes of an upload are bounded by the middleware, a time by its type
            return "maxLength" in schema or schema.get("format") in ("binary", "date-time")
        case "integer" | "number":
            return bool({"minimum", "exclusiveMinimum"} & schema.keys()) and bool(
                {"maximum", "exclusiveMaximum"} & schema.keys()
            )
        case "array":
            return "maxItems" in schema
        case "object":
            is_map = isinstance(schema.get("additionalProperties"), dict)
            return not is_map or ("maxProperties" in schema and "propertyNames" in schema)
    return True
