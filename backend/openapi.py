"""Prints the OpenAPI document, from which the frontend's client is generated: `python -m backend.openapi`."""

import json
import sys

from backend.main import create_app
from backend.settings import Settings


def openapi_json() -> str:
    """Ends with a line break; the same for the same code."""
    return json.dumps(create_app(Settings()).openapi(), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(openapi_json())
