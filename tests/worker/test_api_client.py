import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.contracts.artifacts import SAFETENSORS
from backend.contracts.log_lines import CORRELATION_HEADER, set_process_correlation_id
from backend.contracts.tasks import AggregateRoundResult, ClaimedTask, ProgressReport
from tests.worker.payloads import aggregate_payload
from tests.worker.worker_api_server import Answer, Request, WorkerApiServer, serve_worker_api
from worker.stores import api_client
from worker.stores.api_client import (
    ApiClient,
    ArtifactLost,
    AttemptSuperseded,
    BackendUnavailable,
    RequestRefused,
    Work,
)
from worker.stores.artifact_cache import ArtifactCache, sha256_of

CONTENT = b"weights" * 100
KEY = sha256_of(CONTENT)
REPORT = ProgressReport(attempt=1, fraction=0.5)
RESULT = AggregateRoundResult(parts={}, downloads={})


@pytest.fixture
def server() -> Iterator[WorkerApiServer]:
    with serve_worker_api() as running:
        yield running


@pytest.fixture
def api(server: WorkerApiServer, tmp_path: Path) -> Iterator[ApiClient]:
    client = ApiClient(server.url, "worker-token", ArtifactCache(tmp_path, max_bytes=10**6))
    yield client
    client.close()


def failing_first(num_failures: int, then: Answer) -> object:
    remaining = [num_failures]

    def answer(request: Request) -> Answer:
        del request
        remaining[0] -= 1
        return Answer(503) if remaining[0] >= 0 else then

    return answer


def test_the_token_is_sent(server: WorkerApiServer, api: ApiClient) -> None:
    api.complete("t1", 1, RESULT)
    assert server.requests[0].authorization == "Bearer worker-token"


@pytest.fixture
def no_task_before() -> Iterator[None]:
    set_process_correlation_id(None)
    yield
    set_process_correlation_id(None)


def test_what_a_worker_asks_carries_the_id_of_the_click_that_made_its_task(
    server: WorkerApiServer, api: ApiClient, no_task_before: None
) -> None:
    del no_task_before
    task = ClaimedTask(task_id="t1", attempt=1, lease_seconds=30, payload=aggregate_payload())
    click = "a1b2c3d4e5f60718"
    server.answer = lambda request: Answer(200, task.model_dump_json().encode(), ((CORRELATION_HEADER, click),))
    assert api.claim("t1", "worker") == task
    server.answer = lambda request: Answer(204)
    api.complete("t1", 1, RESULT)
    assert [request.correlation_id for request in server.requests] == [None, click]
    server.answer = lambda request: Answer(200, task.model_dump_json().encode())
    api.claim("t2", "worker")
    api.complete("t2", 1, RESULT)
    assert server.requests[-1].correlation_id is None, "a task without one has not that of the task before"


def test_a_lost_claim_is_none(server: WorkerApiServer, api: ApiClient) -> None:
    server.answer = lambda request: Answer(409, b'{"error": "task_not_claimable", "detail": "it is running"}')
    assert api.claim("t1", "worker") is None


def test_server_errors_are_tried_again(server: WorkerApiServer, api: ApiClient) -> None:
    server.answer = failing_first(2, Answer(204))
    api.complete("t1", 1, RESULT)
    assert server.paths() == [("POST", "/tasks/t1/complete")] * 3


def test_a_report_is_not_tried_again(server: WorkerApiServer, api: ApiClient) -> None:
    server.answer = failing_first(1, Answer(200, b'{"action": "continue", "lease_seconds": 30}'))
    with pytest.raises(BackendUnavailable, match="status 503"):
        api.report("t1", REPORT)
    assert api.report("t1", REPORT).action == "continue"


def test_nobody_listening_is_told_with_the_address(tmp_path: Path) -> None:
    with serve_worker_api() as server:
        url = server.url
    api = ApiClient(url, "token", ArtifactCache(tmp_path, 1000))
    with pytest.raises(BackendUnavailable, match=url):
        api.report("t1", REPORT)


def test_a_worker_that_shuts_down_does_not_wait_for_the_backend(server: WorkerApiServer, tmp_path: Path) -> None:
    server.answer = lambda request: Answer(503)
    api = ApiClient(server.url, "token", ArtifactCache(tmp_path, 1000), should_stop=lambda: True)
    with pytest.raises(BackendUnavailable):
        api.complete("t1", 1, RESULT)
    assert len(server.requests) == 1


def test_a_superseded_attempt_is_told_why(server: WorkerApiServer, api: ApiClient) -> None:
    body = json.dumps({"error": "attempt_superseded", "detail": "attempt 2 has begun"}).encode()
    server.answer = lambda request: Answer(409, body)
    with pytest.raises(AttemptSuperseded, match="attempt 2 has begun"):
        api.report("t1", REPORT)
    with pytest.raises(AttemptSuperseded):
        api.complete("t1", 1, RESULT)


def test_a_refusal_is_not_tried_again(server: WorkerApiServer, api: ApiClient) -> None:
    server.answer = lambda request: Answer(401, b'{"error": "wrong_token", "detail": "not the worker token"}')
    with pytest.raises(RequestRefused, match="not the worker token"):
        api.claim("t1", "worker")
    assert len(server.requests) == 1


def test_a_new_artifact_is_sent_at_once(server: WorkerApiServer, api: ApiClient) -> None:
    assert api.upload(CONTENT, SAFETENSORS) == KEY
    assert server.paths() == [("PUT", f"/artifacts/{KEY}")]
    assert server.requests[0].body == CONTENT


def test_an_artifact_that_the_backend_has_is_not_sent_again(server: WorkerApiServer, api: ApiClient) -> None:
    server.answer = lambda request: Answer(200)
    api.upload(CONTENT)
    api.upload(CONTENT)
    assert [method for method, _ in server.paths()] == ["PUT", "HEAD"]


def test_an_artifact_that_the_backend_lost_is_sent_again(server: WorkerApiServer, api: ApiClient) -> None:
    server.answer = lambda request: Answer(404 if request.method == "HEAD" else 204)
    api.upload(CONTENT)
    api.upload(CONTENT)
    assert [method for method, _ in server.paths()] == ["PUT", "HEAD", "PUT"]


def test_a_download_is_kept_and_not_asked_for_again(server: WorkerApiServer, api: ApiClient) -> None:
    server.answer = lambda request: Answer(200, CONTENT)
    assert api.download(KEY) == CONTENT
    assert api.download(KEY) == CONTENT
    assert len(server.requests) == 1


def test_a_damaged_download_is_refused_and_not_kept(server: WorkerApiServer, api: ApiClient) -> None:
    server.answer = lambda request: Answer(200, CONTENT[:-1])
    with pytest.raises(ConnectionError, match="damaged"):
        api.download(KEY)
    server.answer = lambda request: Answer(200, CONTENT)
    assert api.download(KEY) == CONTENT


def test_what_was_uploaded_needs_no_download(server: WorkerApiServer, api: ApiClient) -> None:
    api.upload(CONTENT)
    assert api.download(KEY) == CONTENT
    assert [method for method, _ in server.paths()] == ["PUT"]


def test_an_upload_waits_for_room_as_long_as_the_task_is_wanted(
    server: WorkerApiServer, api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The backend's disk is full for longer than anybody is patient; it is said once."""
    monkeypatch.setattr(api_client, "ROOM_SECONDS", 0.01)
    monkeypatch.setattr(api_client, "PATIENCE_SECONDS", 0.02)
    full = Answer(507, b'{"error": "disk_full", "detail": "the disk of the backend is full"}')
    remaining = [20]

    def answer(request: Request) -> Answer:
        remaining[0] -= 1
        return full if remaining[0] >= 0 else Answer(204)

    server.answer = answer
    said: list[str] = []
    checked: list[None] = []
    with api.working_on(Work("t1", lambda: checked.append(None), said.append)):
        assert api.upload(CONTENT) == KEY
    assert said == ["waits: the disk of the backend is full"]
    assert len(checked) == 20
    assert server.paths() == [("PUT", f"/artifacts/{KEY}")] * 21


def test_a_full_disk_does_not_hold_a_task_that_nobody_wants(
    server: WorkerApiServer, api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_client, "ROOM_SECONDS", 0.01)
    server.answer = lambda request: Answer(507, b'{"detail": "full"}')

    def check() -> None:
        raise InterruptedError("cancelled")

    with api.working_on(Work("t1", check, lambda _line: None)), pytest.raises(InterruptedError):
        api.upload(CONTENT)


def test_an_upload_for_a_task_that_is_over_is_dropped(server: WorkerApiServer, api: ApiClient) -> None:
    server.answer = lambda request: Answer(409, b'{"detail": "task t1 was deleted"}')
    with (
        api.working_on(Work("t1", lambda: None, lambda _line: None)),
        pytest.raises(AttemptSuperseded, match="was deleted"),
    ):
        api.upload(CONTENT)


@pytest.mark.parametrize("status", [404, 410])
def test_what_the_backend_has_lost_is_told_by_name(server: WorkerApiServer, api: ApiClient, status: int) -> None:
    server.answer = lambda request: Answer(status, b'{"detail": "its file is damaged"}')
    with pytest.raises(ArtifactLost, match="damaged"):
        api.download(KEY)
