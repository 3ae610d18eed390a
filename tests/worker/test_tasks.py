"""The shell around a task: claim, lease, report, complete or fail, against a real HTTP server."""

import json
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from backend.contracts.tasks import (
    AggregateRoundPayload,
    AggregateRoundResult,
    ClaimedTask,
    TaskPayload,
    TaskResult,
    ValidateSiteResult,
)
from tests.conftest import wait_until
from tests.worker.payloads import aggregate_payload
from tests.worker.worker_api_server import Answer, Request, WorkerApiServer, serve_worker_api
from worker.datasets.data_problem import DataProblem
from worker.engine.metrics import Metric
from worker.jobs.results import metric_points
from worker.jobs.tasks import run_claimed_task
from worker.process import shutdown
from worker.process.lease import REPORT_SECONDS, Lease
from worker.stores import api_client
from worker.stores.api_client import ApiClient
from worker.stores.artifact_cache import ArtifactCache

RESULT = AggregateRoundResult(parts={}, downloads={})


class Ledger:
    """Answers like the backend for one task, and remembers what it was told."""

    def __init__(self, server: WorkerApiServer, lease_seconds: float = 30.0, action: str = "continue") -> None:
        self.server = server
        self.lease_seconds = lease_seconds
        self.action = action
        server.answer = self.answer

    def answer(self, request: Request) -> Answer:
        if request.path.endswith("/claim"):
            claimed = ClaimedTask(
                task_id="t1", attempt=1, lease_seconds=self.lease_seconds, payload=aggregate_payload()
            )
            return Answer(200, claimed.model_dump_json().encode())
        if request.path.endswith("/progress"):
            body = {"action": self.action, "lease_seconds": self.lease_seconds}
            return Answer(200, json.dumps(body).encode())
        return Answer(204)

    def told(self, verb: str) -> list[dict[str, object]]:
        return [json.loads(r.body) for r in self.server.requests if r.path.endswith(f"/{verb}")]


@pytest.fixture
def server() -> Iterator[WorkerApiServer]:
    with serve_worker_api() as running:
        yield running


@pytest.fixture
def run(server: WorkerApiServer, tmp_path: Path) -> Callable[[Callable[[TaskPayload, Lease], TaskResult]], None]:
    api = ApiClient(server.url, "token", ArtifactCache(tmp_path, 10**6), shutdown.is_shutting_down)
    return lambda execute: run_claimed_task(api, "worker", "t1", execute)


def test_a_task_is_claimed_done_and_completed(server: WorkerApiServer, run: Callable[..., None]) -> None:
    ledger = Ledger(server)
    payloads = []
    run(lambda payload, lease: payloads.append(payload) or RESULT)
    assert isinstance(payloads[0], AggregateRoundPayload)
    assert [path for _, path in server.paths()] == ["/tasks/t1/claim", "/tasks/t1/complete"]
    assert ledger.told("complete")[0]["attempt"] == 1


def test_a_lost_claim_does_nothing(server: WorkerApiServer, run: Callable[..., None]) -> None:
    server.answer = lambda request: Answer(409, b"{}")
    run(lambda payload, lease: pytest.fail("the task is somebody else's"))
    assert [path for _, path in server.paths()] == ["/tasks/t1/claim"]


def raising(error: Exception) -> Callable[[TaskPayload, Lease], TaskResult]:
    def execute(payload: TaskPayload, lease: Lease) -> TaskResult:
        del payload, lease
        raise error

    return execute


@pytest.mark.parametrize(
    ("error", "kind", "message", "retryable"),
    [
        (ValueError("site-a has no training case: register more"), "invalid_setting", "has no training case", False),
        (DataProblem("/data/x.png is not there"), "data_unreadable", "/data/x.png is not there", False),
        (ConnectionError("the backend went away"), "connection_lost", "the backend went away", True),
        (FileNotFoundError(2, "No such file", "/data/x.png"), "data_unreadable", "/data/x.png: No such file", True),
        (OSError(28, "No space left on device"), "disk_full", "the disk of this worker is full: make room", True),
        (MemoryError(), "out_of_memory", "choose a smaller image_size", False),
        (RuntimeError("CUDA out of memory. Tried ..."), "out_of_memory", "choose a smaller image_size", False),
        (ZeroDivisionError("by zero"), "unexpected", "unexpected ZeroDivisionError: by zero", False),
    ],
)
def test_a_failure_is_told_in_plain_words(
    server: WorkerApiServer, run: Callable[..., None], error: Exception, kind: str, message: str, retryable: bool
) -> None:
    ledger = Ledger(server)
    run(raising(error))
    (failure,) = ledger.told("fail")
    assert message in str(failure["message"])
    assert failure["kind"] == kind
    assert failure["retryable"] is retryable
    assert "Traceback" in str(failure["detail"])
    assert ledger.told("complete") == []


def test_stop_ends_the_work_quietly(server: WorkerApiServer, run: Callable[..., None]) -> None:
    """The lease is 0.3 s, so a report goes out every 0.1 s; its answer stops the loop, which would last 10 s."""
    ledger = Ledger(server, lease_seconds=0.3, action="stop")
    num_steps = []
    run(lambda payload, lease: work(lease, num_steps, 1000))
    assert 1 <= len(num_steps) < 500
    assert ledger.told("progress")
    assert ledger.told("complete") == ledger.told("fail") == []


def test_a_superseded_attempt_ends_quietly(server: WorkerApiServer, run: Callable[..., None]) -> None:
    ledger = Ledger(server, lease_seconds=0.3)
    answer = server.answer
    server.answer = lambda request: (
        Answer(409, b'{"detail": "attempt 2 has begun"}') if request.path.endswith("/progress") else answer(request)
    )
    num_steps: list[int] = []
    run(lambda payload, lease: work(lease, num_steps, 1000))
    assert len(num_steps) < 500
    assert ledger.told("complete") == ledger.told("fail") == []


def test_the_lease_is_renewed_without_news(server: WorkerApiServer, run: Callable[..., None]) -> None:
    """Silent work under a lease of 0.3 s: a report each 0.1 s, and none sooner."""
    ledger = Ledger(server, lease_seconds=0.3)
    seen: list[tuple[int, float]] = []

    def silent(payload: TaskPayload, lease: Lease) -> TaskResult:
        begun = time.monotonic()
        wait_until(lambda: len(ledger.told("progress")) >= 5, 30, "the lease to be renewed")
        seen.append((len(ledger.told("progress")), time.monotonic() - begun))
        return RESULT

    run(silent)
    [(num_reports, seconds)] = seen
    assert num_reports <= seconds / 0.1 + 2
    assert len(ledger.told("complete")) == 1


def test_reports_are_throttled(
    server: WorkerApiServer, run: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps of 1.3 s or more under a long lease: a second at least before each report, which tells the newest
    fraction. Both are seen by the clock of the process that reports, so that a slow machine changes nothing."""
    ledger = Ledger(server)
    sent_at: list[float] = []
    told: list[tuple[float, float]] = []
    send = Lease._send

    def timed_send(lease: Lease) -> None:
        sent_at.append(time.monotonic())
        send(lease)

    def timed_work(lease: Lease) -> TaskResult:
        for step in range(130):
            time.sleep(0.01)
            lease.report((step + 1) / 130)
            told.append((time.monotonic(), (step + 1) / 130))
        return RESULT

    monkeypatch.setattr(Lease, "_send", timed_send)
    begun = time.monotonic()
    run(lambda payload, lease: timed_work(lease))
    assert sent_at
    assert all(later - earlier >= REPORT_SECONDS for earlier, later in pairwise([begun, *sent_at]))
    reports = [float(str(report["fraction"])) for report in ledger.told("progress")]
    assert len(reports) == len(sent_at)
    for sent, fraction in zip(sent_at, reports, strict=True):
        assert fraction >= max((step for at, step in told if at < sent), default=0)


def test_training_that_diverged_is_told_in_plain_words(server: WorkerApiServer, run: Callable[..., None]) -> None:
    ledger = Ledger(server)
    lost = Metric(3, "global", "val", "dice", "disc", float("nan"), 2)
    run(lambda payload, lease: ValidateSiteResult(metrics=metric_points([lost])))
    (failure,) = ledger.told("fail")
    assert failure["message"] == (
        "the val dice of round 3 is nan: training diverged; choose a lower learning rate, or clip gradients"
    )
    assert (failure["kind"], failure["retryable"]) == ("invalid_setting", False)


def test_log_lines_of_a_short_task_arrive(server: WorkerApiServer, run: Callable[..., None]) -> None:
    ledger = Ledger(server)
    run(lambda payload, lease: lease.log("warning", "no moments of round 1 here") or RESULT)
    (report,) = ledger.told("progress")
    assert report["logs"] == [{"level": "warning", "message": "no moments of round 1 here"}]


def test_a_backend_that_is_away_for_some_reports_costs_nothing(
    server: WorkerApiServer, run: Callable[..., None]
) -> None:
    ledger = Ledger(server, lease_seconds=0.3)
    answer = server.answer
    num_reports = []

    def away_at_first(request: Request) -> Answer:
        if request.path.endswith("/progress"):
            num_reports.append(1)
            if len(num_reports) < 3:
                return Answer(503)
        return answer(request)

    server.answer = away_at_first

    def goes_on(payload: TaskPayload, lease: Lease) -> TaskResult:
        wait_until(lambda: lease.report(0.5) or len(num_reports) >= 3, 30, "the report after two that met nobody")
        return RESULT

    run(goes_on)
    assert len(ledger.told("complete")) == 1


def test_a_worker_that_shuts_down_gives_its_task_back(
    server: WorkerApiServer, run: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(server)

    def shut_down_in_mid_work(payload: TaskPayload, lease: Lease) -> TaskResult:
        monkeypatch.setattr(shutdown, "_flag", bytearray(b"\x01"))
        return work(lease, [], 1000)

    run(shut_down_in_mid_work)
    (failure,) = ledger.told("fail")
    assert failure["retryable"] is True
    assert failure["released"] is True
    assert failure["message"] == "the worker was shut down"


def test_a_worker_that_shuts_down_claims_nothing(
    server: WorkerApiServer, run: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutdown, "_flag", bytearray(b"\x01"))
    run(lambda payload, lease: pytest.fail("no time for new work"))
    assert server.requests == []


def work(lease: Lease, steps: list[int], num_steps: int) -> TaskResult:
    """10 ms a step, each reported as local training does."""
    for step in range(num_steps):
        time.sleep(0.01)
        steps.append(step)
        lease.report((step + 1) / num_steps)
    return RESULT


def test_a_result_that_cannot_be_sent_is_a_failure_that_is_told(
    server: WorkerApiServer, run: Callable[..., None]
) -> None:
    """A text with a lone surrogate, as the name of a file that is no UTF-8 has, cannot be JSON."""
    ledger = Ledger(server)
    run(lambda _payload, _lease: AggregateRoundResult.model_construct(parts={"x": "\udcff"}, downloads={}))
    (told,) = ledger.told("fail")
    assert (told["kind"], told["retryable"]) == ("unexpected", False)
    assert "the result could not be handed in" in str(told["message"])


def test_a_failure_whose_text_is_no_utf8_is_told(server: WorkerApiServer, run: Callable[..., None]) -> None:
    ledger = Ledger(server)

    def fail(_payload: TaskPayload, _lease: Lease) -> TaskResult:
        raise ValueError("images/\udcff.png is damaged")

    run(fail)
    (told,) = ledger.told("fail")
    assert told["message"] == "images/\\udcff.png is damaged"


def test_a_refused_result_is_told_as_what_it_is_at_once(server: WorkerApiServer, run: Callable[..., None]) -> None:
    ledger = Ledger(server)
    answer = server.answer
    completions: list[str] = []

    def refuse(request: Request) -> Answer:
        if not request.path.endswith("/complete"):
            return answer(request)
        completions.append(request.path)
        return Answer(422, b'{"detail": "dice 999 is above 1"}')

    server.answer = refuse
    run(lambda payload, lease: RESULT)
    assert len(completions) == 1, "it is not sent again"
    [told] = ledger.told("fail")
    assert "dice 999 is above 1" in str(told["message"])
    assert told["retryable"] is False


def test_a_backend_that_fails_on_a_result_is_not_tried_for_ever(
    server: WorkerApiServer, run: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_client, "FAULT_PATIENCE_SECONDS", 0.5)
    ledger = Ledger(server)
    answer = server.answer
    server.answer = lambda request: Answer(500, b"{}") if request.path.endswith("/complete") else answer(request)
    run(lambda payload, lease: RESULT)
    assert "failed on it again and again" in str(ledger.told("fail")[0]["message"])


def test_words_that_utf8_cannot_say_are_told_readably(server: WorkerApiServer, run: Callable[..., None]) -> None:
    """As in names of files that are not UTF-8."""

    def execute(payload: TaskPayload, lease: Lease) -> TaskResult:
        lease.log("info", "read caf\udce9.png")
        raise DataProblem("cannot read caf\udce9.png")

    ledger = Ledger(server)
    run(execute)
    assert ledger.told("fail")[0]["message"] == r"cannot read caf\udce9.png"
    assert ledger.told("progress")[0]["logs"] == [{"level": "info", "message": r"read caf\udce9.png"}]
