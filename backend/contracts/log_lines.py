"""How programs write their log: lines for people, or with FEDSM_LOG_FORMAT=json one JSON object a line.

Each line carries the correlation id of the request that it goes back to: from a click over the backend and its tasks to
the worker.
"""

import json
import logging
import os
import re
import secrets
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TextIO

#: Of requests and answers.
CORRELATION_HEADER = "X-Correlation-ID"
#: What some reverse proxies call it; read where the other is absent.
REQUEST_HEADER = "X-Request-ID"
_ID = re.compile(r"[\w-]{1,64}", re.ASCII)

_of_context: ContextVar[str | None] = ContextVar("correlation_id", default=None)
#: A worker's process does one task at a time, in several threads.
_of_process: list[str | None] = [None]


def new_correlation_id() -> str:
    return secrets.token_hex(8)


def accepted_id(*given: str | None) -> str | None:
    """The first that may stand in a log; None where none may."""
    return next((text for text in given if text and _ID.fullmatch(text)), None)


def correlation_id() -> str | None:
    """Of what is being done now."""
    return _of_context.get() or _of_process[0]


def set_correlation_id(value: str | None) -> None:
    """Of the present request."""
    _of_context.set(value)


def set_process_correlation_id(value: str | None) -> None:
    """Of the task that this process does."""
    _of_process[0] = value


class _Lines(logging.Formatter):
    """For people: `2026-01-31 10:20:30 INFO backend: ... [3f2a...]`."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's interface)
        line = super().formatMessage(record)
        found = correlation_id()
        return f"{line} [{found}]" if found and found not in line else line


class _JsonLines(logging.Formatter):
    """For programs."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "process": record.processName,
            "message": record.getMessage(),
            "correlation_id": correlation_id(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps({name: value for name, value in line.items() if value is not None}, ensure_ascii=False)


def set_up_logging(service: str, text_format: str, stream: TextIO = sys.stdout) -> None:
    """Of the whole process. Raises ValueError for a FEDSM_LOG_FORMAT or FEDSM_LOG_LEVEL that there is none of."""
    wanted = os.environ.get("FEDSM_LOG_FORMAT") or "text"
    if wanted not in ("text", "json"):
        raise ValueError(f"FEDSM_LOG_FORMAT is {wanted!r}: set it to text or json")
    level = (os.environ.get("FEDSM_LOG_LEVEL") or "INFO").upper()
    if level not in logging.getLevelNamesMapping():
        raise ValueError(f"FEDSM_LOG_LEVEL is {level!r}: set it to DEBUG, INFO, WARNING or ERROR")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_JsonLines(service) if wanted == "json" else _Lines(text_format, "%Y-%m-%d %H:%M:%S"))
    logging.basicConfig(level=level, handlers=[handler])
