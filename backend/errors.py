"""The one tree of errors. A class's name, in snake case, is the API's error code; its status is a class attribute."""

import errno
import logging
import re
import reprlib
from typing import Any, ClassVar, Self

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DataError, OperationalError
from starlette.exceptions import HTTPException

from backend.contracts.config_problems import ConfigProblem
from backend.contracts.log_lines import CORRELATION_HEADER, accepted_id, new_correlation_id
from backend.contracts.log_lines import correlation_id as known_id
from backend.contracts.refusals import REFUSED, one_by_one
from backend.contracts.values import one_line, printable
from backend.error_body import ErrorBody

logger = logging.getLogger(__name__)

#: Characters of an address or a message in the log, and of any text in an answer.
MAX_LOGGED = 200
MAX_ECHOED = 4000
#: That one answer lists.
MAX_PROBLEMS = 100
#: A field whose name holds one of these is never repeated.
SECRET_FIELDS = ("token", "password", "invitation_code")
_shortened = reprlib.Repr()  # six entries of a list, four of an object, six levels
_shortened.maxstring = _shortened.maxother = _shortened.maxlong = 100


class FedSMError(Exception):
    """Base of every error that a client may see. `detail` is for people."""

    status_code: ClassVar[int] = 500

    def __init__(self, detail: str, fields: list[dict[str, str]] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.fields = fields or []

    @property
    def code(self) -> str:
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()


class NotSignedIn(FedSMError):
    status_code = 401


class WrongToken(FedSMError):
    status_code = 401


class WrongPassword(FedSMError):
    """Of the name and the password one is wrong; which one is not said."""

    status_code = 401


class Forbidden(FedSMError):
    status_code = 403


class RequestSignatureRefused(FedSMError):
    """Of a hospital's agent: the signature is absent, old, of another message, or was used before."""

    status_code = 401


class CredentialEnded(FedSMError):
    """It was revoked, refused, or followed by another: for good."""

    status_code = 401


class SiteNotAccepted(Forbidden):
    """A person has to accept the site first."""


class CredentialStopped(Forbidden):
    """Two copies of it were seen; a person decides."""


class AgentOutdated(FedSMError):
    """The agent speaks another protocol; the detail says which side to update."""

    status_code = 426


class NotFound(FedSMError):
    status_code = 404


class Gone(FedSMError):
    """It was there, and somebody or its end date took it away."""

    status_code = 410


class Conflict(FedSMError):
    """The request is right but the state of things does not allow it; the detail says what would."""

    status_code = 409


class NameTaken(Conflict):
    pass


class DatasetInUse(Conflict):
    pass


class ExperimentRunning(Conflict):
    pass


class TransitionNotAllowed(Conflict):
    pass


class RerunNotPossible(Conflict):
    """The run was built on without the task, or there is nothing to send again; the detail says what to do."""


class TaskNotClaimable(Conflict):
    """Another worker has the task, or it is over: drop the message."""


class AttemptSuperseded(Conflict):
    """The attempt lost its lease or its task was cancelled: drop the work."""


class BadRequest(FedSMError):
    """What was sent cannot be understood at all."""

    status_code = 400


class TooSlow(FedSMError):
    status_code = 408


class InvalidInput(FedSMError):
    status_code = 422

    @classmethod
    def of_problems(cls, problems: list[ConfigProblem]) -> Self:
        fields = [problem.model_dump() for problem in problems]
        return cls("; ".join(f"{p.field}: {p.message} ({p.remedy})" for p in problems), fields)

    @classmethod
    def of_field(cls, field: str, value: object, message: str, remedy: str) -> Self:
        return cls.of_problems([ConfigProblem(field=field, value=str(value), message=message, remedy=remedy)])


class ArtifactDamaged(Gone):
    """Its stored bytes hash to another address. They are never sent."""


class TooManyRequests(FedSMError):
    """The answer's `Retry-After` says when to ask again."""

    status_code = 429

    def __init__(self, detail: str, seconds: int) -> None:
        super().__init__(detail)
        self.seconds = seconds


class DiskFull(FedSMError):
    """There is no room for what was to be written; the detail says where."""

    status_code = 507


class BodyTooLarge(InvalidInput):
    status_code = 413


class HashMismatch(FedSMError):
    status_code = 422


DATABASE_FULL = "the disk of the database is full: make room there; nothing of this request was stored"

HTTP_CODES = {
    400: "bad_request",
    401: "not_signed_in",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
}

#: What an endpoint that hospitals' agents call may answer as well.
AGENT_RESPONSES: dict[int | str, dict[str, Any]] = {
    426: {"model": ErrorBody, "description": "Agent or hub must be updated: the detail says which"}
}
#: What every endpoint may answer besides its success, for the OpenAPI document.
ERROR_RESPONSES: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorBody, "description": "The address or the body cannot be read at all"},
    401: {"model": ErrorBody, "description": "Not signed in"},
    403: {
        "model": ErrorBody,
        "description": "Signed in, but without the permission that the operation names in `x-permission`",
    },
    404: {"model": ErrorBody, "description": "No such thing"},
    408: {"model": ErrorBody, "description": "The body did not arrive in time"},
    409: {"model": ErrorBody, "description": "The present state does not allow it"},
    413: {"model": ErrorBody, "description": "The body is larger than this address takes"},
    422: {"model": ErrorBody, "description": "Invalid input: `fields` names each field, its value and the remedy"},
    429: {"model": ErrorBody, "description": "Asked too often: `Retry-After` says how many seconds to wait"},
    500: {"model": ErrorBody, "description": "A fault of the backend: its log has the cause under `correlation_id`"},
    503: {"model": ErrorBody, "description": "The database cannot be used just now: try again"},
    507: {"model": ErrorBody, "description": "A disk of the backend is full; the detail says which"},
}


def install_error_handlers(app: FastAPI) -> None:
    app.add_exception_handler(FedSMError, _render_own)
    app.add_exception_handler(RequestValidationError, _render_validation)
    app.add_exception_handler(HTTPException, _render_http)
    app.add_exception_handler(OperationalError, _render_database)
    app.add_exception_handler(OSError, _render_system)
    for not_storable in (DataError, OverflowError, UnicodeEncodeError):
        app.add_exception_handler(not_storable, _render_not_storable)
    app.add_exception_handler(Exception, _render_unexpected)


def correlation_id_of(request: Request) -> str:
    """Known since the request came in."""
    return known_id() or accepted_id(request.headers.get(CORRELATION_HEADER)) or new_correlation_id()


def error_response(
    request: Request, status: int, code: str, detail: str, fields: list[dict[str, str]] | None = None
) -> JSONResponse:
    correlation_id = correlation_id_of(request)
    log = logger.error if status >= 500 else logger.info
    path = one_line(request.url.path, MAX_LOGGED)
    log("%s %s -> %s %s [%s] %s", request.method, path, status, code, correlation_id, one_line(detail, MAX_LOGGED))
    shown = [{name: printable(text, MAX_ECHOED) for name, text in field.items()} for field in fields or []]
    detail = printable(detail, MAX_ECHOED)
    body = ErrorBody(error=code, detail=detail, correlation_id=correlation_id, fields=shown)
    return JSONResponse(body.model_dump(mode="json"), status_code=status, headers={CORRELATION_HEADER: correlation_id})


def _render_own(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, FedSMError)
    return response_to(request, error)


def response_to(request: Request, error: FedSMError) -> JSONResponse:
    response = error_response(request, error.status_code, error.code, error.detail, fields=error.fields)
    if isinstance(error, TooManyRequests):
        response.headers["Retry-After"] = str(error.seconds)
    return response


def _render_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = HTTP_CODES.get(error.status_code, "http_error")
    return error_response(request, error.status_code, code, str(error.detail))


def _render_database(request: Request, error: Exception) -> JSONResponse:
    logger.error("database error", exc_info=error)
    if is_database_full(error):
        return error_response(request, 507, "disk_full", DATABASE_FULL)
    detail = "the database cannot be used just now: try again in a moment, or look at the backend's log"
    return error_response(request, 503, "database_unavailable", detail)


#: The second: a new connection finds no room for the index of the write-ahead log.
FULL_IN_SQLITE = frozenset({"SQLITE_FULL", "SQLITE_IOERR_SHMSIZE"})


def is_database_full(error: BaseException) -> bool:
    original = getattr(error, "orig", None)
    return (
        getattr(original, "sqlite_errorname", None) in FULL_IN_SQLITE or getattr(original, "sqlstate", None) == "53100"
    )


def _render_system(request: Request, error: Exception) -> JSONResponse:
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
        return error_response(request, 507, "disk_full", f"a disk of the backend is full: {error}. Make room there.")
    return _render_unexpected(request, error)


def _render_not_storable(request: Request, error: Exception) -> JSONResponse:
    """A value that passed the types and still fits no column."""
    logger.warning("a value cannot be stored", exc_info=error)
    detail = "a value of the request cannot be stored: numbers must be below 2147483648, texts without controls"
    return error_response(request, 422, "invalid_input", detail)


def _render_unexpected(request: Request, error: Exception) -> JSONResponse:
    logger.error("unexpected error", exc_info=error)
    detail = "the backend failed unexpectedly: its log has the cause under this correlation id"
    return error_response(request, 500, "internal_error", detail)


def _render_validation(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    problems = list(one_by_one(error.errors()))
    fields = [describe_problem(problem, error.body) for problem in problems[:MAX_PROBLEMS]]
    detail = "; ".join(f"{field['field']}: {field['message']}" for field in fields)
    if (rest := len(problems) - len(fields)) > 0:
        detail = f"{len(problems)} problems, {rest} of them not listed. {detail}"
    return error_response(request, 422, "invalid_input", detail, fields=fields)


def describe_problem(problem: dict[str, Any], body: object) -> dict[str, str]:
    """One entry of `one_by_one` as field, value, message and remedy."""
    context = problem.get("ctx") or {}
    field = _field_path(tuple(problem["loc"]), problem["type"], body)
    if inner := context.get("field") if problem["type"] == REFUSED else None:
        field = inner if field == "body" else f"{field}.{inner}"
    message, remedy = message_and_remedy(problem["type"], problem["msg"], context)
    is_secret = any(word in field for word in SECRET_FIELDS)
    value = "(hidden)" if is_secret else _shown_value(problem.get("input"))
    return {
        "field": field,
        "value": "(absent)" if problem["type"] == "missing" else value,
        "message": message,
        "remedy": remedy,
    }


def _shown_value(value: object) -> str:
    """Of a list or an object its beginning: nobody reads a megabyte, and a deep one has no text at all."""
    return printable(value if isinstance(value, str) else _shortened.repr(value))


def _field_path(location: tuple[int | str, ...], error_type: str, body: object) -> str:
    """`strategies.0.lambda`: the location without pydantic's own steps, such as a union's tag."""
    if location[:1] != ("body",):
        return ".".join(str(step) for step in location[1:]) or str(location[0])
    path, node = [], body
    for index, step in enumerate(location[1:], start=2):
        match node:
            case dict() if step in node:
                node = node[step]
            case list() | tuple() if isinstance(step, int) and step < len(node):
                node = node[step]
            case _ if not (error_type == "missing" and index == len(location)):
                continue
        path.append(str(step))
    return ".".join(path) or "body"


def message_and_remedy(error_type: str, message: str, context: dict[str, Any]) -> tuple[str, str]:
    """What is wrong and what to do, for one type of pydantic error."""
    match error_type:
        case "missing":
            return "is required", "give this field"
        case "extra_forbidden":
            return "is not a field known here", "remove it, or correct its name (the OpenAPI document lists all)"
        case "refused":
            return context["message"], context["remedy"]
        case "union_tag_invalid":
            return f"{context.get('tag')!r} is not known here", f"choose one of {context.get('expected_tags')}"
        case "literal_error" | "enum":
            return message, f"choose one of {context.get('expected')}"
        case "json_invalid":
            return message, "send a valid JSON body"
    bounds = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most", "multiple_of": "a multiple of"}
    for key, words in bounds.items():
        if key in context:
            return message, f"give a value {words} {context[key]}"
    return message, "correct the value as the OpenAPI document describes it"
