"""Prints the cards of methods, scores and tasks, from which the browser's words follow: `python -m backend.tables`."""

import json
import sys
from dataclasses import asdict

from backend.contracts.metrics import SCORES
from backend.contracts.strategy_configs import METHODS
from backend.contracts.task_kinds import TASK_CARDS


def tables_json() -> str:
    """Ends with a line break; the same for the same code."""
    tables = {
        "methods": [{"name": name} | asdict(card) for name, card in METHODS.items()],
        "scores": [{"name": name} | asdict(card) for name, card in SCORES.items()],
        "tasks": {name: asdict(card) for name, card in TASK_CARDS.items()},
    }
    return json.dumps(tables, indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(tables_json())
