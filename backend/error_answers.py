"""What the API answers where a request fails: one body for every error, with the id under which the log has it."""

import errno
import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DataError, OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from backend.contracts.log_lines import CORRELATION_HEADER, accepted_id, new_correlation_id
from backend.contracts.log_lines import correlation_id as known_id
from backend.contracts.refusals import one_by_one
from backend.contracts.values import one_line, printable
from backend.error_body import ErrorBody
from backend.errors import BadRequest, FedSMError, TooManyRequests
from backend.problems import describe_problem

logger = logging.getLogger(__name__)

#: Characters of an address or a message in the log, and of any text in an answer.
MAX_LOGGED = 200
MAX_ECHOED = 4000
#: That one answer lists.
MAX_PROBLEMS = 100

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
    503: {
        "model": ErrorBody,
        "description": "The database, or the provider of single sign-on, cannot be used just now",
    },
    507: {"model": ErrorBody, "description": "A disk of the backend is full; the detail says which"},
}


def install_error_handlers(app: FastAPI) -> None:
    app.add_exception_handler(FedSMError, _render_own)
    app.add_exception_handler(RequestValidationError, _render_validation)
    app.add_exception_handler(HTTPException, _render_http)
    app.add_exception_handler(OperationalError, _render_database)
    app.add_exception_handler(OSError, _render_system)
    app.add_exception_handler(ClientDisconnect, _render_broken_off)
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


def _render_broken_off(request: Request, _error: Exception) -> JSONResponse:
    """Nobody reads this answer but the log, for which a connection that breaks is nothing unexpected."""
    return response_to(request, BadRequest("the connection broke before all of the request was here: send it again"))


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
