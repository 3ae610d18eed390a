"""The cards of methods, scores, formats and tasks as the browser reads them, and the guide's table of methods.

`python -m backend.tables` prints the first as JSON, `python -m backend.tables guide` writes the second.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from backend.contracts.image_formats import FORMATS
from backend.contracts.metrics import SCORES
from backend.contracts.strategy_configs import METHODS
from backend.contracts.task_kinds import TASK_CARDS

GUIDE = Path(__file__).parent.parent / "docs" / "algorithm.md"
METHODS_START = "<!-- methods: from their cards, by make openapi -->"
METHODS_END = "<!-- end of methods -->"


def tables_json() -> str:
    """Ends with a line break; the same for the same code."""
    tables = {
        "methods": [{"name": name} | asdict(card) for name, card in METHODS.items()],
        "scores": [{"name": name} | asdict(card) for name, card in SCORES.items()],
        "formats": [asdict(entry) for entry in FORMATS],
        "tasks": {name: asdict(card) for name, card in TASK_CARDS.items()},
    }
    return json.dumps(tables, indent=2) + "\n"


def methods_markdown() -> str:
    """The table of methods in docs/algorithm.md, with a line break at its end."""
    rows = ["| name | method | models | source |", "|---|---|---|---|"]
    for group in dict.fromkeys(card.group for card in METHODS.values()):
        rows.append(f"| *{group}* | | | |")
        for name, card in METHODS.items():
            if card.group == group:
                rows.append(f"| `{name}` | {card.label}: {card.summary} | {', '.join(card.models)} | {card.paper} |")
    return "\n".join(rows) + "\n"


def with_methods(text: str) -> str:
    """The guide with its table of methods as the cards have it. Raises ValueError where its marks are missing."""
    before, start, rest = text.partition(METHODS_START)
    _, end, after = rest.partition(METHODS_END)
    if not (start and end):
        raise ValueError(f"the guide lacks {METHODS_START!r} or {METHODS_END!r}: put both around its table of methods")
    return before + start + "\n" + methods_markdown() + end + after


if __name__ == "__main__":
    if len(sys.argv) > 1:
        GUIDE.write_text(with_methods(GUIDE.read_text()))
    else:
        sys.stdout.write(tables_json())
