"""An answer that is a ZIP of models, and what OpenAPI says of it."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from backend.error_body import ErrorBody

RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}},
    410: {"model": ErrorBody, "description": "A file of the model is damaged: nothing is sent"},
}


def zip_answer(name: str, write: Callable[[Path], None]) -> FileResponse:
    """The file that `write` fills. It lies in the system's temporary folder until it is sent, or until `write` fails.

    name: of the file at the receiver. Raises what `write` raises."""
    with tempfile.NamedTemporaryFile(prefix="fedsm-model-", suffix=".zip", delete=False) as file:
        target = Path(file.name)
    try:
        write(target)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    gone = BackgroundTask(target.unlink, missing_ok=True)
    return FileResponse(target, filename=name, media_type="application/zip", background=gone)
