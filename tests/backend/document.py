"""The OpenAPI document as it is in the repository: a test compares it with the code's, which takes seconds to write."""

import functools
import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parents[2] / "frontend" / "openapi.json"


@functools.cache
def openapi_document() -> dict[str, Any]:
    """Shared by the tests of a process: read it, do not change it."""
    document: dict[str, Any] = json.loads(FILE.read_text())
    return document
