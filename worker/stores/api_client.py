"""The HTTP client of the worker API: claims, reports and artifacts. It tries again while the backend is away."""

import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from backend.contracts.artifacts import SAFETENSORS
from backend.contracts.base import Contract
from backend.contracts.log_lines import (
    CORRELATION_HEADER,
    accepted_id,
    correlation_id,
    set_process_correlation_id,
)
from backend.contracts.site_limits import LIMITS_HEADER, SiteLimits
from backend.contracts.tasks import (
    ClaimedTask,
    ClaimRequest,
    CompleteRequest,
    FailRequest,
    ProgressAnswer,
    ProgressReport,
    TaskResult,
)
from backend.contracts.values import stored_values
from backend.contracts.worker_state import Heartbeat, KeptAtWorker
from worker.process.signs import pulse
from worker.stores.artifact_cache import ArtifactCache, sha256_of

logger = logging.getLogger(__name__)

PREFIX = "/worker-api/v1"
FIRST_DELAY_SECONDS = 0.1
MAX_DELAY_SECONDS = 5.0
#: A backend that restarts is back within seconds; a finished update is worth waiting for longer than a claim.
CLAIM_PATIENCE_SECONDS = 20.0
PATIENCE_SECONDS = 600.0
#: Seconds between two looks at a full disk.
ROOM_SECONDS = 2.0
INSUFFICIENT_STORAGE = 507
#: Header of an upload: the task whose result will name the artifact.
TASK_HEADER = "X-FedSM-Task"
#: Header of a heartbeat's answer, which changes when artifacts are removed.
REMOVAL_HEADER = "X-FedSM-Removal"
#: An answer 500 is a fault in the request and no absence, so it is tried again for a short time only.
FAULT_PATIENCE_SECONDS = 20.0
#: How long an agent may take for one transfer to the hub.
AGENT_SECONDS = 1500.0
#: Bytes of a transfer after which the process shows that it moves on.
CHUNK_BYTES = 2**20


def _say_id(request: httpx.Request) -> None:
    """Of the task that this process does."""
    if (found := correlation_id()) is not None:
        request.headers[CORRELATION_HEADER] = found


class BackendUnavailable(ConnectionError):
    """The backend did not answer for as long as the client is willing to wait."""


class AttemptSuperseded(Exception):
    """The backend cancelled this attempt's task or gave it to another worker: drop the work quietly."""


class RequestRefused(Exception):
    """The backend understood the request and refused it; the text says why."""


class ArtifactLost(Exception):
    """The backend no longer has this artifact's bytes, or they are damaged."""


@dataclass(frozen=True)
class Work:
    """The task that uploads are for. check: raises where nobody waits for the task. warn: adds a line to the run's
    log."""

    task_id: str
    check: Callable[[], None]
    warn: Callable[[str], None]


class ApiClient:
    """One client for each process; its connections stay open between calls, and several threads may use them."""

    def __init__(
        self,
        backend_url: str,
        token: str,
        cache: ArtifactCache,
        should_stop: Callable[[], bool] = lambda: False,
        agent_socket: Path | None = None,
    ) -> None:
        """should_stop: whether waiting for an absent backend ends, so that a worker can be shut down meanwhile.
        agent_socket: of the hospital's agent, which speaks to the backend in this worker's place."""
        #: Seconds spent on uploads and downloads so far.
        self.transfer_seconds = 0.0
        #: Of the task that was claimed last.
        self.limits = SiteLimits()
        self.cache = cache
        self._work: Work | None = None
        self._should_stop = should_stop
        self._backend_url = backend_url if agent_socket is None else f"{agent_socket} (the site's agent)"
        base_url = backend_url if agent_socket is None else "http://site-agent"
        # An agent answers an upload when the hub has it, which may be far away.
        read_seconds = 120.0 if agent_socket is None else AGENT_SECONDS
        self._http = httpx.Client(
            base_url=base_url.rstrip("/") + PREFIX,
            headers={"Authorization": f"Bearer {token}"} if agent_socket is None else {},
            timeout=httpx.Timeout(read_seconds, connect=5.0),
            event_hooks={"request": [_say_id]},
            trust_env=agent_socket is None and not _is_loopback_url(backend_url),
            transport=None if agent_socket is None else httpx.HTTPTransport(uds=str(agent_socket)),
        )

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    @contextmanager
    def working_on(self, work: Work) -> Iterator[None]:
        """A context in which uploads are held for the task, and in which waiting for a full disk ends with it."""
        self._work = work
        try:
            yield
        finally:
            self._work = None

    def claim(self, task_id: str, worker: str) -> ClaimedTask | None:
        """The claimed task; None where another worker has it or it is over.

        Raises BackendUnavailable, after which the message may be dropped.
        """
        body = ClaimRequest(worker=worker)
        response = self._call("POST", f"/tasks/{task_id}/claim", body, CLAIM_PATIENCE_SECONDS, allowed={404, 409})
        if response.status_code != httpx.codes.OK:
            return None
        set_process_correlation_id(accepted_id(response.headers.get(CORRELATION_HEADER)))
        self.limits = SiteLimits.model_validate_json(response.headers.get(LIMITS_HEADER, "{}"))
        with stored_values():  # the backend hands out what was stored, also before a bound was tighter
            return ClaimedTask.model_validate_json(response.content)

    def report(self, task_id: str, report: ProgressReport) -> ProgressAnswer:
        """Sends a report and returns the backend's answer.

        Raises AttemptSuperseded, and BackendUnavailable at the first failure, because the next report comes soon.
        """
        response = self._call("POST", f"/tasks/{task_id}/progress", report, 0.0, allowed={404, 409})
        if response.status_code != httpx.codes.OK:
            raise AttemptSuperseded(_detail(response))
        return ProgressAnswer.model_validate_json(response.content)

    def complete(self, task_id: str, attempt: int, result: TaskResult) -> None:
        """Hands in a result. Raises AttemptSuperseded, also when an earlier try arrived and only its answer was
        lost."""
        self._finish(task_id, "complete", CompleteRequest(attempt=attempt, result=result))

    def fail(self, task_id: str, request: FailRequest, patience_seconds: float = PATIENCE_SECONDS) -> None:
        """Reports a failure. Raises AttemptSuperseded."""
        self._finish(task_id, "fail", request, patience_seconds)

    def heartbeat(self, heartbeat: Heartbeat) -> str:
        """The number of the backend's last removal of artifacts.

        Raises BackendUnavailable at the first failure, because the next heartbeat comes soon.
        """
        return str(self._call("POST", "/heartbeat", heartbeat, 0.0).headers.get(REMOVAL_HEADER, ""))

    def what_is_gone(self, kept: KeptAtWorker) -> KeptAtWorker:
        """Which of these artifacts and runs nobody needs any more. Raises BackendUnavailable at the first failure."""
        answer = self._call("POST", "/gone", kept, 0.0)
        return KeptAtWorker.model_validate_json(answer.content)

    def upload(self, content: bytes, media_type: str = SAFETENSORS) -> str:
        """Stores an artifact, unless the backend has it, and returns its SHA-256.

        It asks first for what this machine has seen before, because what is new here is new there. Raises
        AttemptSuperseded, BackendUnavailable, and what the task's check raises.
        """
        sha256 = sha256_of(content)
        path = f"/artifacts/{sha256}"
        headers = {TASK_HEADER: self._work.task_id} if self._work is not None else {}
        if not self.cache.write(sha256, content):
            answer = self._send(lambda: self._http.head(path, headers=headers), PATIENCE_SECONDS, {404, 409})
            if answer.status_code == httpx.codes.OK:
                return sha256
        headers |= {"Content-Type": media_type, "Content-Length": str(len(content))}
        with self._timed():
            answer = self._send(
                lambda: self._http.put(path, content=_pieces(content), headers=headers), PATIENCE_SECONDS, {409}
            )
        if answer.is_error:
            raise AttemptSuperseded(_detail(answer))
        return sha256

    def download(self, sha256: str) -> bytes:
        """An artifact's content, from this machine's cache where it is there; it is verified either way.

        Raises ArtifactLost, and ConnectionError where it arrives damaged.
        """
        if (content := self.cache.read(sha256)) is not None:
            return content
        with self._timed():
            answer = self._send(lambda: self._get(f"/artifacts/{sha256}"), PATIENCE_SECONDS, {404, 410})
        if answer.is_error:
            raise ArtifactLost(_detail(answer))
        content = answer.content
        if sha256_of(content) != sha256:
            raise ConnectionError(
                f"artifact {sha256} came as {len(content)} bytes that hash to {sha256_of(content)}: "
                "it was damaged on the way or in the backend's store"
            )
        self.cache.write(sha256, content)
        return content

    def verified_file(self, sha256: str) -> Path | None:
        """Where a part lies in this machine's cache, whole; None where it is to be downloaded."""
        return self.cache.verified(sha256)

    def kept_file(self, sha256: str) -> Path | None:
        """Where a download lies in this machine's cache; None where it was not kept. It may be gone at any moment."""
        return self.cache.path(sha256)

    def _get(self, path: str) -> httpx.Response:
        """Downloads in pieces."""
        with self._http.stream("GET", path) as response:
            pieces = []
            for piece in response.iter_bytes(CHUNK_BYTES):
                pulse()
                pieces.append(piece)
            return httpx.Response(response.status_code, content=b"".join(pieces), request=response.request)

    @contextmanager
    def _timed(self) -> Iterator[None]:
        started = time.monotonic()
        try:
            yield
        finally:
            self.transfer_seconds += time.monotonic() - started

    def _finish(self, task_id: str, verb: str, body: Contract, patience_seconds: float = PATIENCE_SECONDS) -> None:
        response = self._call("POST", f"/tasks/{task_id}/{verb}", body, patience_seconds, allowed={404, 409})
        if response.is_error:
            raise AttemptSuperseded(_detail(response))

    def _call(
        self,
        method: str,
        path: str,
        body: Contract | None,
        patience_seconds: float,
        allowed: frozenset[int] | set[int] = frozenset(),
    ) -> httpx.Response:
        options: dict[str, Any] = {}
        if body is not None:
            options = {"content": body.model_dump_json(), "headers": {"Content-Type": "application/json"}}
        return self._send(lambda: self._http.request(method, path, **options), patience_seconds, allowed)

    def _send(
        self,
        attempt: Callable[[], httpx.Response],
        patience_seconds: float,
        allowed: frozenset[int] | set[int] = frozenset(),
    ) -> httpx.Response:
        """Tries until the answer is no server error.

        Raises RequestRefused for other errors that are not `allowed`, and for a server that keeps failing on this
        request.
        """
        deadline = time.monotonic() + patience_seconds
        fault_deadline: float | None = None
        delay = FIRST_DELAY_SECONDS
        has_waited = False
        while True:
            pulse()
            is_fault = False
            try:
                response = attempt()
            except httpx.TransportError as error:
                problem = f"{type(error).__name__}: {error}"
            else:
                if not response.is_server_error:
                    return _checked(response, allowed)
                problem = f"status {response.status_code}: {_detail(response)}"
                if response.status_code == INSUFFICIENT_STORAGE and patience_seconds > 0 and self._work is not None:
                    self._await_room(self._work, _detail(response), is_first=not has_waited)
                    has_waited = True
                    deadline = time.monotonic() + patience_seconds
                    continue
                is_fault = response.status_code == httpx.codes.INTERNAL_SERVER_ERROR
            if not is_fault:
                fault_deadline = None
            elif fault_deadline is None:
                fault_deadline = time.monotonic() + FAULT_PATIENCE_SECONDS
            elif time.monotonic() > fault_deadline:
                raise RequestRefused(f"the backend failed on it again and again ({problem})")
            if time.monotonic() + delay > deadline or self._should_stop():
                raise BackendUnavailable(f"the backend at {self._backend_url} cannot be used ({problem})")
            logger.info("backend away, trying again in %.1f s (%s)", delay, problem)
            time.sleep(delay * random.uniform(0.8, 1.2))
            delay = min(2 * delay, MAX_DELAY_SECONDS)

    def _await_room(self, work: Work, problem: str, is_first: bool) -> None:
        """Waits for room on the backend's full disk, which may take a person hours to make.

        Raises StopRequested when the task is not wanted any more.
        """
        if is_first:
            work.warn(f"waits: {problem}")
        work.check()
        time.sleep(ROOM_SECONDS)


def _pieces(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), CHUNK_BYTES):
        pulse()
        yield content[start : start + CHUNK_BYTES]


def _checked(response: httpx.Response, allowed: frozenset[int] | set[int]) -> httpx.Response:
    if response.is_error and response.status_code not in allowed:
        raise RequestRefused(f"the backend answered {response.status_code}: {_detail(response)}")
    return response


def _detail(response: httpx.Response) -> str:
    """The message in the error's body, or the start of the body where it has none."""
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return response.text[:200]


def _is_loopback_url(url: str) -> bool:
    """Whether the URL is of this machine: a proxy from the environment must not stand between two of its processes."""
    return httpx.URL(url).host in {"127.0.0.1", "localhost", "::1"}
