"""What the form explains travels as data: choices, sources and remedies are no parts of a sentence."""

from collections.abc import Iterator
from typing import Any

import pytest

from backend.contracts.base import OWN
from backend.contracts.experiment_config import ExperimentConfig

SCHEMA = ExperimentConfig.model_json_schema(by_alias=True)


def fields() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, definition in {"ExperimentConfig": SCHEMA, **SCHEMA["$defs"]}.items():
        for field, schema in definition.get("properties", {}).items():
            yield f"{name}.{field}", schema


def test_no_help_text_holds_a_source() -> None:
    wrong = [
        name
        for name, schema in fields()
        if any(w in schema.get("description", "") for w in ("Ours", "Source:", "paper"))
    ]
    assert wrong == []
    assert sum(schema.get("source", "").startswith(OWN) for _, schema in fields()) > 10


def test_what_is_said_of_choices_names_all_of_them() -> None:
    explained = {name: schema for name, schema in fields() if "choices" in schema}
    assert len(explained) > 10
    for name, schema in explained.items():
        assert set(schema["choices"]) == {str(choice) for choice in schema["enum"]}, name
        assert all(schema["choices"].values()), name


@pytest.mark.parametrize("mark", [": ", "; "])
def test_no_help_text_lists_its_choices(mark: str) -> None:
    for name, schema in fields():
        text = schema.get("description", "")
        named = [choice for choice in schema.get("enum", ()) if f"{choice}{mark}" in text]
        assert len(named) < 2, name
