"""One card a method: every place that lists methods follows from it."""

import json
from pathlib import Path
from typing import get_args

import pytest

from backend.contracts.strategy_configs import METHODS, StrategyName
from backend.tables import with_methods

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_names_are_those_of_the_settings() -> None:
    assert tuple(METHODS) == get_args(StrategyName)


def test_labels_are_told_apart_and_groups_stand_together() -> None:
    labels = [card.label for card in METHODS.values()]
    assert len(set(labels)) == len(labels)
    groups = [card.group for card in METHODS.values()]
    assert groups == sorted(groups, key=list(dict.fromkeys(groups)).index)


def test_the_browser_lists_the_same_methods() -> None:
    listed = json.loads((DOCS.parent / "frontend" / "src" / "api" / "tables.json").read_text())["methods"]
    assert [(entry["name"], entry["label"]) for entry in listed] == [(n, card.label) for n, card in METHODS.items()]


def test_the_guide_has_the_table_of_the_cards() -> None:
    guide = (DOCS / "algorithm.md").read_text()
    assert guide == with_methods(guide), "stale: make openapi"
    with pytest.raises(ValueError, match="lacks '<!-- methods"):
        with_methods("no table")


def test_every_method_says_what_it_does_and_from_which_paper() -> None:
    for name, card in METHODS.items():
        assert card.summary.endswith("."), name
        assert card.paper or name in ("local-only", "centralized"), name


def test_the_readme_names_every_method() -> None:
    readme = (DOCS.parent / "README.md").read_text()
    assert f"[{len(METHODS)}](docs/algorithm.md)" in readme
    row = next(line for line in readme.splitlines() if line.startswith("| methods |")).lower()
    names = [card.label.removeprefix("FedAvg + ").lower() for card in METHODS.values()]
    assert [name for name in names if name not in row] == []
