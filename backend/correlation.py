"""One id for whatever a request sets off: given or made at the door, said in the answer and in each log line, and kept
with the tasks that it makes."""

import logging
import time
from contextvars import ContextVar

from sqlalchemy import Connection, event, select
from sqlalchemy.orm import Mapper, object_session
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.contracts.log_lines import (
    CORRELATION_HEADER,
    REQUEST_HEADER,
    accepted_id,
    correlation_id,
    new_correlation_id,
    set_correlation_id,
)
from backend.db.models import Task

logger = logging.getLogger(__name__)

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
#: Whether a person or a script asked, and no worker that goes on with what they asked for.
_asked: ContextVar[bool] = ContextVar("asked", default=False)


class Correlation:
    """ASGI middleware, the outermost. What changes something is logged with its answer; addresses alone, without their
    query, which may hold a secret."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = accepted_id(headers.get(CORRELATION_HEADER), headers.get(REQUEST_HEADER))
        set_correlation_id(given or new_correlation_id())
        _asked.set(scope["path"].startswith("/api/"))
        started = time.monotonic()

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault(CORRELATION_HEADER, correlation_id() or "")
                if _asked.get() and scope["method"] not in SAFE_METHODS:
                    seconds = time.monotonic() - started
                    path = ascii(scope["path"][:200])[1:-1]
                    logger.info("%s %s -> %d, %.0f ms", scope["method"], path, message["status"], 1000 * seconds)
            await send(message)

        await self.app(scope, receive, send_with_id)


@event.listens_for(Task, "before_insert")
def _keep_id(_mapper: Mapper[Task], connection: Connection, task: Task) -> None:
    """That of the request which asked for it; a later round's task has that of its run's task before."""
    if task.correlation_id is None and task.run_id is not None and not _asked.get():
        session = object_session(task)
        assert session is not None  # it is being written
        of_runs: dict[str, str | None] = session.info.setdefault("correlation_of_runs", {})
        if task.run_id not in of_runs:  # once for all tasks of a round
            latest = select(Task.correlation_id).where(Task.run_id == task.run_id).order_by(Task.created_at.desc())
            of_runs[task.run_id] = connection.scalar(latest.limit(1))
        task.correlation_id = of_runs[task.run_id]
    if task.correlation_id is None:
        task.correlation_id = correlation_id()
