"""What OpenAPI says of an answer that is a ZIP of models."""

from typing import Any

from backend.error_body import ErrorBody

RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}},
    410: {"model": ErrorBody, "description": "A file of the model is damaged: nothing is sent"},
}
