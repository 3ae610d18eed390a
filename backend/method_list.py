"""Prints the methods' cards, from which the browser's names and groups follow: `python -m backend.method_list`."""

import json
import sys
from dataclasses import asdict

from backend.contracts.strategy_configs import METHODS


def methods_json() -> str:
    """Ends with a line break; the same for the same code."""
    return json.dumps([{"name": name} | asdict(card) for name, card in METHODS.items()], indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(methods_json())
