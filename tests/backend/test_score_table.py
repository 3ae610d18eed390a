"""The table of scores: the contract's, the engine's and the browser's are one."""

import json
from pathlib import Path
from typing import get_args

from backend.contracts.metrics import SCORES, ScoreName
from worker.engine.metrics import SCORE_NAMES

ROOT = Path(__file__).parent.parent.parent


def test_every_score_has_a_card_and_the_engine_gives_each() -> None:
    assert tuple(SCORES) == get_args(ScoreName) == SCORE_NAMES


def test_the_browser_lists_the_same_scores() -> None:
    listed = json.loads((ROOT / "frontend" / "src" / "api" / "tables.json").read_text())["scores"]
    assert [(entry["name"], entry["lower_is_better"]) for entry in listed] == [
        (name, card.lower_is_better) for name, card in SCORES.items()
    ]


def test_labels_are_told_apart_and_every_score_is_in_the_guide() -> None:
    labels = [card.label for card in SCORES.values()]
    assert len(set(labels)) == len(labels)
    guide = (ROOT / "docs" / "results.md").read_text().lower()
    assert [label for label in labels if label.lower().removeprefix("relative ") not in guide] == []
