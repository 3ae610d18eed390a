"""The cards of methods, scores, formats, tasks and permissions, and the fields of small forms, as the browser reads
them, and the guides' tables.

`python -m backend.tables` prints the first as JSON, `python -m backend.tables guide` writes the others.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from backend.access.matrix import (
    MEANINGS,
    ROLE_MEANINGS,
    Permission,
    Role,
    holders,
    holders_in_words,
    in_words,
    matrix_markdown,
)
from backend.contracts.cup_to_disc import CUP, DISC
from backend.contracts.exports import FORM_CARDS
from backend.contracts.fine_tuning import FineTuneCreate
from backend.contracts.image_formats import FORMATS
from backend.contracts.metrics import SCORES
from backend.contracts.site_addition import SiteAdditionCreate
from backend.contracts.strategy_configs import METHODS
from backend.contracts.student import StudentCreate
from backend.contracts.task_kinds import TASK_CARDS

GUIDE = Path(__file__).parent.parent / "docs" / "algorithm.md"
USERS_GUIDE = GUIDE.parent / "users.md"
MATRIX_START = "<!-- permissions: from the matrix, by make openapi -->"
MATRIX_END = "<!-- end of permissions -->"
METHODS_START = "<!-- methods: from their cards, by make openapi -->"
METHODS_END = "<!-- end of methods -->"


def tables_json() -> str:
    """Ends with a line break; the same for the same code."""
    tables = {
        "methods": [{"name": name} | asdict(card) for name, card in METHODS.items()],
        "scores": [{"name": name} | asdict(card) for name, card in SCORES.items()],
        "formats": [asdict(entry) for entry in FORMATS],
        "tasks": {name: asdict(card) for name, card in TASK_CARDS.items()},
        "export_forms": [{"form": form} | asdict(card) for form, card in FORM_CARDS.items()],
        "fine_tuning": FineTuneCreate.model_json_schema(),
        "student": StudentCreate.model_json_schema(),
        "site_addition": SiteAdditionCreate.model_json_schema(),
        "cup_to_disc": {"disc": DISC, "cup": CUP},
        "permissions": {permission: _permission(permission) for permission in Permission if holders(permission)},
        "roles": {role: {"label": in_words(role), "meaning": ROLE_MEANINGS[role]} for role in Role},
    }
    return json.dumps(tables, indent=2) + "\n"


def _permission(permission: Permission) -> dict[str, str]:
    return {"meaning": MEANINGS[permission], "holders": holders_in_words(permission)}


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
    return _between(text, METHODS_START, methods_markdown(), METHODS_END)


def with_matrix(text: str) -> str:
    """docs/users.md with its table as the permission matrix has it. Raises ValueError where its marks are missing."""
    return _between(text, MATRIX_START, matrix_markdown(), MATRIX_END)


def _between(text: str, start_mark: str, table: str, end_mark: str) -> str:
    before, start, rest = text.partition(start_mark)
    _, end, after = rest.partition(end_mark)
    if not (start and end):
        raise ValueError(f"the guide lacks {start_mark!r} or {end_mark!r}: put both around its table")
    return before + start + "\n" + table + end + after


if __name__ == "__main__":
    if len(sys.argv) > 1:
        GUIDE.write_text(with_methods(GUIDE.read_text()))
        USERS_GUIDE.write_text(with_matrix(USERS_GUIDE.read_text()))
    else:
        sys.stdout.write(tables_json())
