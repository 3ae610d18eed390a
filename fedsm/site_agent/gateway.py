"""The worker API on a unix socket, for the hospital's own workers: each request is looked at, then sent on, signed."""

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from backend.contracts.artifacts import ARTIFACT_MEDIA_TYPES, SHA256_PATTERN
from backend.contracts.log_lines import CORRELATION_HEADER, accepted_id, set_correlation_id
from backend.contracts.site_limits import LIMITS_HEADER
from backend.contracts.tasks import (
    ClaimedTask,
    CompleteRequest,
    EvaluateSitePayload,
    FailRequest,
    ProgressAnswer,
    ProgressReport,
)
from backend.contracts.worker_state import Heartbeat
from fedsm.site_agent.audit import Audit
from fedsm.site_agent.consents import Consents
from fedsm.site_agent.correlation import Correlation
from fedsm.site_agent.egress import Names, leaves
from fedsm.site_agent.giving_back import GivingBack
from fedsm.site_agent.hub import API, HubAway, HubRefused, refusal_of
from fedsm.site_agent.operations import (
    GONE,
    TASK_ID,
    TASK_OPERATIONS,
    Operation,
    Refused,
    Verb,
    read,
    require_task_of_site,
)
from fedsm.site_agent.pauses import Waits, in_words, local_now, pause_of, require_open, run_of
from fedsm.site_agent.policy import HospitalPolicy, narrowed, read_policy, require_allowed, require_file, require_within
from fedsm.site_agent.resources import gpu_environment, limits_of
from fedsm.site_agent.session import Session
from fedsm.site_agent.stated_cases import StatedCases
from fedsm.site_agent.transfers import Damaged, Transfers
from fedsm.site_agent.under_way import Claim

logger = logging.getLogger(__name__)

TASK_HEADER = "X-FedSM-Task"
REMOVAL_HEADER = "X-FedSM-Removal"
#: Of a result with the scores of many cases.
MAX_BODY_BYTES = 32 * 2**20
#: For how long a task whose claim is not known is given back to a hub that is away.
UNKNOWN_LEASE_SECONDS = 60.0


@dataclass
class Gateway:
    """Holds what the handlers share."""

    session: Session
    audit: Audit
    transfers: Transfers
    #: The hospital's policy.
    policy_file: Path
    consents: Consents
    #: Makes an address of the approval page that opens once.
    new_link: Callable[[], str]

    def __post_init__(self) -> None:
        self.giving_back = GivingBack(self.session)

    def app(self) -> Starlette:
        """The ASGI application; an address that is not in its list is answered 404 and recorded."""
        return Starlette(
            routes=[
                Route(f"{API}/tasks/{{task_id}}/{{verb}}", self.task_operation, methods=["POST"]),
                Route(f"{API}/heartbeat", self.heartbeat, methods=["POST"]),
                Route(f"{API}/gone", self.gone, methods=["POST"]),
                Route(f"{API}/artifacts/{{sha256}}", self.upload, methods=["PUT"]),
                Route(f"{API}/artifacts/{{sha256}}", self.download, methods=["GET", "HEAD"]),
                Route("/status", self.status, methods=["GET"]),
                Route("/approval-link", self.approval_link, methods=["POST"]),
                Route("/{path:path}", self.unknown, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
            ],
            middleware=[Middleware(Correlation, under_way=self.session.under_way)],
            exception_handlers={
                Refused: self.refused,
                Waits: self.waits,
                HubAway: self.away,
                HubRefused: self.refused_by_hub,
            },
        )

    async def task_operation(self, request: Request) -> Response:
        """Claim, progress, complete, fail."""
        task_id, verb = request.path_params["task_id"], request.path_params["verb"]
        if verb not in TASK_OPERATIONS or not TASK_ID.fullmatch(task_id):
            return await self.unknown(request)
        operation = TASK_OPERATIONS[verb]
        body = await _body(request)
        asked = read(operation.request, body, "the worker's request")
        self.session.under_way.heard(task_id)
        if isinstance(asked, CompleteRequest | FailRequest | ProgressReport):
            policy = read_policy(self.policy_file)
            if isinstance(asked, CompleteRequest):
                require_within(policy, asked.result)
            if isinstance(asked, ProgressReport) and (why := self._over_time(policy, task_id)) is not None:
                return await self._stop(task_id, asked.attempt, why)
            claim = self.session.under_way.claim(task_id)
            limits = limits_of(policy) if claim is None else claim.limits
            body = leaves(policy, limits, self.consents.home, task_id, asked).model_dump_json().encode()
        answer = await self._sent_on(f"{API}/tasks/{task_id}/{verb}", body)
        if verb != "claim" and answer.status_code == HTTPStatus.CONFLICT:  # nobody waits for it any more
            self._is_over(task_id)
        if verb == "claim" and answer.status_code == 200:
            origin = accepted_id(answer.headers.get(CORRELATION_HEADER))
            set_correlation_id(origin)
            answer = await self._allowed(task_id, answer.body, origin)
            if origin is not None:
                answer.headers[CORRELATION_HEADER] = origin
        if answer.status_code < 300:
            self._record(task_id, verb, operation, answer)
        return answer

    async def heartbeat(self, request: Request) -> Response:
        """Kept here: it travels with the next poll. Raises Refused for a heartbeat of another version."""
        try:
            beat = Heartbeat.model_validate_json(await _body(request))
        except ValidationError:
            raise Refused("the worker's heartbeat is not of this version") from None
        self.session.heard(beat)
        return Response(status_code=204, headers={REMOVAL_HEADER: self.session.removal})

    async def gone(self, request: Request) -> Response:
        """What of a worker's disk nobody needs."""
        body = await _body(request)
        read(GONE.request, body, "the worker's request")
        answer = await self._sent_on(f"{API}/gone", body)
        if answer.status_code == 200:
            read(GONE.request, bytes(answer.body), "the hub's answer")
        return answer

    async def upload(self, request: Request) -> Response:
        """Into the spool first: a worker's request does not depend on the way to the hub.

        Raises Refused for a media type that artifacts do not have.
        """
        sha256, task_id, media_type = _address(request), _task(request), request.headers.get("content-type", "")
        if media_type not in ARTIFACT_MEDIA_TYPES:
            raise Refused(f"{media_type or 'nothing'} is no kind of artifact")
        require_file(read_policy(self.policy_file), media_type)
        try:
            path = await self.transfers.take_in(sha256, request.stream())
        except Damaged as error:
            return _error(422, "hash_mismatch", str(error))
        answer = await self.transfers.send(path, sha256, media_type, task_id)
        if answer.is_error:
            return _error_of(refusal_of(answer))
        self.audit.write("sent", task=task_id, artifact=sha256, bytes=path.stat().st_size, media_type=media_type)
        path.unlink(missing_ok=True)
        return Response(status_code=204)

    async def download(self, request: Request) -> Response:
        """HEAD asks the hub whether an upload is needed, GET brings an artifact of a claimed task."""
        sha256 = _address(request)
        if request.method == "HEAD":
            headers = {TASK_HEADER: _task(request)}
            answer = await self.session.hub.ask("HEAD", f"{API}/artifacts/{sha256}", headers=headers)
            return Response(status_code=answer.status_code)
        try:
            path = await self.transfers.fetch(sha256)
        except Damaged as error:
            return _error(503, "damaged", str(error))
        return FileResponse(path, background=BackgroundTask(self.transfers.release, sha256))

    async def status(self, _request: Request) -> Response:
        """For `fedsm site status`: it never leaves the machine."""
        workers = [beat.model_dump(mode="json") for beat in self.session.workers()]
        return JSONResponse(
            {
                "problem": self.session.problem,
                "queue": self.session.membership.queue,
                "workers": workers,
                "waiting": len(self.session.waiting()),
                "gpus": gpu_environment(self.policy_file),
                "claimed": len(self.session.under_way.tasks()),
            }
        )

    async def approval_link(self, _request: Request) -> Response:
        """For `fedsm site approvals`, and everybody who may read this user's files."""
        return JSONResponse({"link": self.new_link()})

    async def unknown(self, request: Request) -> Response:
        """Anything else."""
        self.audit.write("refused", why="unknown operation", asked=f"{request.method} {request.url.path}"[:200])
        return _error(404, "not_found", "this is no operation that the agent knows")

    async def refused(self, request: Request, error: Exception) -> Response:
        """What the lists do not have."""
        logger.warning("refused %s: %s", request.url.path, error)
        self.audit.write("refused", why=str(error)[:500], asked=f"{request.method} {request.url.path}"[:200])
        return _error(422, "refused_by_agent", f"the site's agent refused: {error}")

    async def waits(self, _request: Request, error: Exception) -> Response:
        """The hub gives the task out again when its time has come."""
        return _error(409, "site_pauses", str(error))

    async def away(self, _request: Request, error: Exception) -> Response:
        """A worker tries again by itself."""
        return _error(503, "hub_away", str(error))

    async def refused_by_hub(self, _request: Request, error: Exception) -> Response:
        """As the hub said it."""
        assert isinstance(error, HubRefused)
        return _error_of(error)

    @property
    def _stated(self) -> StatedCases:
        return StatedCases(self.consents.home.stated)

    async def _sent_on(self, path: str, body: bytes) -> Response:
        answer = await self.session.hub.ask("POST", path, body)
        media_type = answer.headers.get("content-type")
        origin = accepted_id(answer.headers.get(CORRELATION_HEADER))
        headers = {CORRELATION_HEADER: origin} if origin is not None else {}
        return Response(answer.content, answer.status_code, headers, media_type=media_type)

    async def _allowed(self, task_id: str, content: bytes | memoryview, origin: str | None) -> Response:
        """The task as a worker gets it. One that is refused here is handed back at once. origin: the correlation id
        that the hub said with it. Raises Refused."""
        claimed = None
        try:
            claimed = read(ClaimedTask, bytes(content), "the hub's task")
            assert isinstance(claimed, ClaimedTask)
            require_task_of_site(claimed, self.session.membership.slug)
            policy = read_policy(self.policy_file)
            federation = self.session.membership.federation
            require_allowed(policy, federation, claimed.payload)
            await asyncio.to_thread(self.consents.require, policy, federation, claimed.payload)
            if isinstance(claimed.payload, EvaluateSitePayload):
                self._stated.claimed(task_id, claimed.payload.data)
            require_open(policy, claimed.payload, self.session.runs(but=task_id), local_now(), self.session.num_gpus)
            given = Names(self.consents.home.names_file).resolve(narrowed(policy, claimed))
        except (Refused, Waits) as error:
            if isinstance(error, Waits) and isinstance(claimed, ClaimedTask):
                await self._give_back(task_id, claimed.attempt, str(error), claimed.lease_seconds)
            else:
                attempt = claimed.attempt if isinstance(claimed, ClaimedTask) else _attempt_in(content)
                await self._hand_back(task_id, attempt, str(error))
            raise
        limits = limits_of(policy)
        run, lease_seconds = run_of(claimed.payload), claimed.lease_seconds
        claim = Claim(run=run, lease_seconds=lease_seconds, limits=limits, origin=origin)
        self.session.under_way.begin(task_id, claim)
        headers = {LIMITS_HEADER: limits.model_dump_json(exclude_none=True)}
        return Response(given.model_dump_json(), headers=headers, media_type="application/json")

    def _over_time(self, policy: HospitalPolicy, task_id: str) -> str | None:
        """Why a task under way ends here: the site's hours are over. One that is not known counts as a run's."""
        claim = self.session.under_way.claim(task_id)
        is_check = claim is not None and claim.run is None
        pause = None if is_check else pause_of(policy, (), local_now())
        return None if pause is None else in_words(pause)

    async def _stop(self, task_id: str, attempt: int, why: str) -> Response:
        claim = self.session.under_way.claim(task_id)
        await self._give_back(task_id, attempt, why, UNKNOWN_LEASE_SECONDS if claim is None else claim.lease_seconds)
        self._is_over(task_id)
        answer = ProgressAnswer(action="stop", lease_seconds=0)
        return Response(answer.model_dump_json(), media_type="application/json")

    def _is_over(self, task_id: str) -> None:
        self.session.over(task_id)
        self._stated.over(task_id)

    async def _give_back(self, task_id: str, attempt: int, why: str, lease_seconds: float) -> None:
        self.audit.write("given back", task=task_id, why=why)
        await self.giving_back.give_back(task_id, attempt, why, lease_seconds)

    async def _hand_back(self, task_id: str, attempt: int, why: str) -> None:
        report = FailRequest(attempt=attempt, kind="site_refused", message=f"the site's agent refused: {why}")
        await self.session.hub.ask("POST", f"{API}/tasks/{task_id}/fail", report.model_dump_json().encode())

    def _record(self, task_id: str, verb: Verb, operation: Operation, answer: Response) -> None:
        if verb == "claim":
            claimed = read(ClaimedTask, bytes(answer.body), "the hub's task")
            assert isinstance(claimed, ClaimedTask)
            self.session.taken(task_id)
            payload = claimed.payload
            run = getattr(payload, "run", None)
            about = {"run": run.run_id, "method": run.strategy.name} if run is not None else {}
            self.audit.write("claimed", task=task_id, attempt=claimed.attempt, kind=payload.kind, **about)
            logger.info("task %s is claimed: %s", task_id, payload.kind)
        elif operation.answer is ProgressAnswer:
            said = read(ProgressAnswer, bytes(answer.body), "the hub's answer")
            assert isinstance(said, ProgressAnswer)
            if said.action == "stop":  # its worker ends without another word
                self._is_over(task_id)
        elif operation.answer is None:
            self._is_over(task_id)
            self.audit.write("completed" if verb == "complete" else "failed", task=task_id)
            if verb == "complete":  # of a failure `leaves` has written what stays here
                logger.info("task %s is completed", task_id)


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise Refused(f"the worker's request has more than {MAX_BODY_BYTES} bytes")
    return bytes(body)


def _address(request: Request) -> str:
    sha256 = str(request.path_params["sha256"])
    if not SHA256_PATTERN.fullmatch(sha256):
        raise Refused("the artifact's address is no SHA-256")
    return sha256


def _task(request: Request) -> str:
    task_id = request.headers.get(TASK_HEADER, "")
    if not TASK_ID.fullmatch(task_id):
        raise Refused(f"an upload names its task in {TASK_HEADER}")
    return task_id


def _attempt_in(content: bytes | memoryview) -> int:
    """Of a claimed task that cannot be read otherwise."""
    try:
        return int(json.loads(bytes(content))["attempt"])
    except (ValueError, KeyError, TypeError):
        return 0


def _error(status: int, code: str, detail: str) -> JSONResponse:
    return JSONResponse({"error": code, "detail": detail}, status_code=status)


def _error_of(refusal: HubRefused) -> JSONResponse:
    return _error(refusal.status, refusal.code, refusal.detail)
