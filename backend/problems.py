"""What is wrong with a value, in words: pydantic's errors as field, value, message and remedy."""

import reprlib
from typing import Any

from backend.contracts.refusals import REFUSED
from backend.contracts.values import printable

#: A field whose name holds one of these is never repeated.
SECRET_FIELDS = ("token", "password", "invitation_code")
_shortened = reprlib.Repr()  # six entries of a list, four of an object, six levels
_shortened.maxstring = _shortened.maxother = _shortened.maxlong = 100


def describe_problem(problem: dict[str, Any], body: object) -> dict[str, str]:
    """One entry of `one_by_one` as field, value, message and remedy."""
    context = problem.get("ctx") or {}
    field = _field_path(tuple(problem["loc"]), problem["type"], body)
    if inner := context.get("field") if problem["type"] == REFUSED else None:
        field = inner if field == "body" else f"{field}.{inner}"
    message, remedy = message_and_remedy(problem["type"], problem["msg"], context)
    is_secret = any(word in field for word in SECRET_FIELDS)
    value = "(hidden)" if is_secret else _shown_value(problem.get("input"))
    return {
        "field": field,
        "value": "(absent)" if problem["type"] == "missing" else value,
        "message": message,
        "remedy": remedy,
    }


def _shown_value(value: object) -> str:
    """Of a list or an object its beginning: nobody reads a megabyte, and a deep one has no text at all."""
    return printable(value if isinstance(value, str) else _shortened.repr(value))


def _field_path(location: tuple[int | str, ...], error_type: str, body: object) -> str:
    """`strategies.0.lambda`: the location without pydantic's own steps, such as a union's tag."""
    if location[:1] != ("body",):
        return ".".join(str(step) for step in location[1:]) or str(location[0])
    path, node = [], body
    for index, step in enumerate(location[1:], start=2):
        match node:
            case dict() if step in node:
                node = node[step]
            case list() | tuple() if isinstance(step, int) and step < len(node):
                node = node[step]
            case _ if not (error_type == "missing" and index == len(location)):
                continue
        path.append(str(step))
    return ".".join(path) or "body"


def message_and_remedy(error_type: str, message: str, context: dict[str, Any]) -> tuple[str, str]:
    """What is wrong and what to do, for one type of pydantic error."""
    match error_type:
        case "missing":
            return "is required", "give this field"
        case "extra_forbidden":
            return "is not a field known here", "remove it, or correct its name (the OpenAPI document lists all)"
        case "refused":
            return context["message"], context["remedy"]
        case "union_tag_invalid":
            return f"{context.get('tag')!r} is not known here", f"choose one of {context.get('expected_tags')}"
        case "literal_error" | "enum":
            return message, f"choose one of {context.get('expected')}"
        case "json_invalid":
            return message, "send a valid JSON body"
    bounds = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most", "multiple_of": "a multiple of"}
    for key, words in bounds.items():
        if key in context:
            return message, f"give a value {words} {context[key]}"
    return message, "correct the value as the OpenAPI document describes it"
