"""Keeps the lease of a claimed task alive, and carries progress one way and *stop* the other."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Literal, Self

from backend.contracts.exports import ExportStep
from backend.contracts.tasks import ClaimedTask, FailRequest, LogLine, ProgressReport
from worker.process.limits import Guard, OverLimit
from worker.process.signs import own_signs, pulse
from worker.stores.api_client import ApiClient, AttemptSuperseded, BackendUnavailable, RequestRefused

logger = logging.getLogger(__name__)

#: Minimum seconds between two reports; news in between waits for the next one.
REPORT_SECONDS = 1.0
#: How long the lease's own report of a passed limit is tried, before the work's own is.
OVER_PATIENCE_SECONDS = 5.0
#: The share of the lease after which a report goes out without news.
RENEWAL_SHARE = 1 / 3

Level = Literal["info", "warning", "error"]
_LEVELS: dict[str, Level] = {"WARNING": "warning", "ERROR": "error", "CRITICAL": "error"}


def readable(text: str) -> str:
    """The text with backslash escapes for what UTF-8 cannot hold, as in names of files, so that a report always
    leaves."""
    return text.encode("utf-8", "backslashreplace").decode()


class StopRequested(Exception):
    """The backend or this worker's shutdown asks to end the work now."""


class WorkerShutdown(StopRequested):
    """This worker shuts down; the task should go to another worker, or to this one's next start."""


class _ToLease(logging.Handler):
    """Hands what the engine logs to the run's log."""

    def __init__(self, lease: "Lease") -> None:
        super().__init__(logging.INFO)
        self._lease = lease

    def emit(self, record: logging.LogRecord) -> None:
        """Writes the record to the run's log."""
        level = _LEVELS.get(record.levelname, "info")
        self._lease.log(level, record.getMessage())


@contextmanager
def engine_lines(lease: "Lease") -> Iterator[None]:
    """A context in which the engine's log lines go to the run's log too, because the engine knows no platform."""
    handler = _ToLease(lease)
    engine = logging.getLogger("worker.engine")
    engine.addHandler(handler)
    try:
        yield
    finally:
        engine.removeHandler(handler)


class Lease:
    """A context that keeps a claimed task ours. `report` costs the caller nothing, because a thread does the
    sending."""

    def __init__(self, api: ApiClient, claimed: ClaimedTask, is_shutting_down: Callable[[], bool]) -> None:
        self._api = api
        self._guard = Guard(api.limits, api.cache)
        #: The limit that the task has passed; None: none.
        self.over: OverLimit | None = None
        self._claimed = claimed
        self._is_shutting_down = is_shutting_down
        self._renewal_seconds = claimed.lease_seconds * RENEWAL_SHARE
        self._lock = threading.Lock()
        self._fraction = 0.0
        self._step: ExportStep | None = None
        self._logs: list[LogLine] = []
        self._has_news = False
        self._stop_reason: str | None = None
        self._refusal: RequestRefused | None = None
        self._finished = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"lease-{claimed.task_id}", daemon=True)

    def __enter__(self) -> Self:
        if (signs := own_signs()) is not None:
            signs.begin(self._claimed.task_id, self._claimed.attempt, self._claimed.lease_seconds)
        self._look()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._finished.set()
        self._thread.join()
        self.flush()
        if (signs := own_signs()) is not None:
            signs.end()

    def report(self, fraction: float, step: ExportStep | None = None) -> None:
        """Reports progress, 0 to 1, and what is done now where it is counted.

        Raises StopRequested when the work is not wanted any more.
        """
        pulse()
        with self._lock:
            self._fraction, self._step = min(1.0, max(0.0, fraction)), step
            self._has_news = True
        self.check()

    def log(self, level: Level, message: str) -> None:
        """Adds a line to the run's log, which people see while the run goes on. level: info or warning."""
        with self._lock:
            self._logs.append(LogLine(level=level, message=readable(message)[:4000]))
            self._has_news = True

    def check(self) -> None:
        """Raises StopRequested, OverLimit, or the error with which the backend answered a report."""
        pulse()
        if self.over is not None:
            raise self.over
        if self._refusal is not None:
            raise self._refusal
        if self._stop_reason is not None:
            raise StopRequested(self._stop_reason)
        if self._is_shutting_down():
            raise WorkerShutdown("the worker was shut down")

    def flush(self) -> None:
        """Sends the log lines that still wait, because a short task may end before the first report is due."""
        if self._logs:
            self._send()

    def _keep(self) -> None:
        last_sent = time.monotonic()
        while not self._finished.wait(min(REPORT_SECONDS, self._renewal_seconds)):
            self._look()
            if self._has_news or time.monotonic() - last_sent >= self._renewal_seconds:
                last_sent = time.monotonic()
                self._send()

    def _look(self) -> None:
        """Once over a limit, the work ends at its next report, as one that is not wanted any more does. The backend
        hears of it before: a process that reaches no report is ended, and says nothing then."""
        if self.over is None and (over := self._guard.look()) is not None:
            self.flush()
            over.is_told = self._tell(over)
            self.over = over
            if (signs := own_signs()) is not None:
                signs.stop()

    def _tell(self, over: OverLimit) -> bool:
        """Whether the backend knows it now."""
        logger.warning("task %s ends: %s", self._claimed.task_id, over)
        failure = FailRequest(attempt=self._claimed.attempt, kind=over.kind, message=str(over))
        try:
            self._api.fail(self._claimed.task_id, failure, OVER_PATIENCE_SECONDS)
        except AttemptSuperseded:  # nobody waits for it
            return True
        except (BackendUnavailable, RequestRefused) as error:
            logger.info("task %s: its end was not reported yet (%s)", self._claimed.task_id, error)
            return False
        return True

    def _send(self) -> None:
        with self._lock:
            logs, self._logs = self._logs, []
            fraction, step, self._has_news = self._fraction, self._step, False
        report = ProgressReport(attempt=self._claimed.attempt, fraction=fraction, step=step, logs=tuple(logs))
        try:
            answer = self._api.report(self._claimed.task_id, report)
        except BackendUnavailable as error:
            logger.info("progress not reported: %s", error)
            with self._lock:
                self._logs, self._has_news = logs + self._logs, True
        except AttemptSuperseded as error:
            self._stop(f"the attempt was superseded ({error})")
        except RequestRefused as error:
            self._refusal = error
        else:
            if answer.action == "stop":
                self._stop("the backend asked to stop")

    def _stop(self, reason: str) -> None:
        """Lets the work stop at its next report; the main process ends a process that does not stop."""
        self._stop_reason = reason
        if (signs := own_signs()) is not None:
            signs.stop()
