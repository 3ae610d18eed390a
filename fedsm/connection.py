"""One connection to the REST API: its address and token, its requests, and its errors."""

import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from pydantic import BaseModel, TypeAdapter

from fedsm.local.home import Home

PREFIX = "/api/v1"
Body = TypeVar("Body")


class ApiError(Exception):
    """The API's answer to a request that it refused. Its text is for people, one line for each wrong field.

    wait_seconds: after these the same request may be taken; None where waiting does not help.
    """

    def __init__(
        self, status: int, code: str, detail: str, fields: list[dict[str, str]], wait_seconds: int | None = None
    ) -> None:
        lines = [f"{f.get('field')} = {f.get('value')}: {f.get('message')} ({f.get('remedy')})" for f in fields]
        super().__init__("\n".join(lines) or detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.fields = fields
        self.wait_seconds = wait_seconds


class NoServer(Exception):
    """No address or token is known; the text says how to give one."""


class Connection:
    """A context that keeps its connection open. Methods raise ApiError, and httpx.TransportError if nobody answers."""

    def __init__(self, server: str, token: str, timeout_seconds: float = 60.0) -> None:
        self.server = server.rstrip("/")
        self._http = httpx.Client(
            base_url=self.server + PREFIX,
            headers={"Authorization": f"Bearer {token}"},
            timeout=timeout_seconds,
            trust_env=httpx.URL(server).host not in {"127.0.0.1", "localhost", "::1"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def send(self, method: str, path: str, query: dict[str, Any], body: object | None) -> httpx.Response:
        """Any call of the API; body: sent as JSON where it is not None."""
        return self._send(method, path, params=query, **({} if body is None else {"json": body}))

    def post_json(self, path: str, body: object) -> Any:
        """A body as it is, unchecked on this side: the backend's own errors come back."""
        return self._send("POST", path, json=body).json()

    def _get(self, path: str, kind: type[Body], **query: str | list[str]) -> Body:
        return TypeAdapter(kind).validate_json(self._send("GET", path, params=query).content)

    def _post(self, path: str, body: BaseModel | None, kind: type[Body]) -> Body:
        content = "" if body is None else body.model_dump_json()
        response = self._send("POST", path, content=content, headers={"Content-Type": "application/json"})
        return TypeAdapter(kind).validate_json(response.content)

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        response = self._http.request(method, path, **options)
        if response.is_error:
            raise _api_error(response)
        return response


def server_and_token(home: Home, server: str | None, token: str | None) -> tuple[str, str]:
    """Those of the options, of FEDSM_SERVER and FEDSM_TOKEN, or of the platform running on the state folder.

    Raises NoServer."""
    server = server or os.environ.get("FEDSM_SERVER")
    token = token or os.environ.get("FEDSM_TOKEN")
    running = home.running()
    if server is None and running is not None:
        server = running.url
    if server is None:
        raise NoServer(
            f"nothing runs on the state folder {home.folder}: start it with `fedsm up`, or name a server with "
            "--server and --token (or FEDSM_SERVER and FEDSM_TOKEN)"
        )
    if token is None and running is not None and server == running.url:  # our own token goes to our own server only
        token = _token_of(home.folder)
    if token is None:
        raise NoServer(f"no token for {server}: give one with --token or FEDSM_TOKEN")
    return server, token


def _token_of(folder: Path) -> str | None:
    if token := os.environ.get("FEDSM_ADMIN_TOKEN"):
        return token
    path = folder / "admin-token"
    return path.read_text().strip() if path.exists() else None


def _api_error(response: httpx.Response) -> ApiError:
    try:
        body, wait = response.json(), response.headers.get("Retry-After")
        wait_seconds = int(wait) if response.status_code == httpx.codes.TOO_MANY_REQUESTS and wait else None
        return ApiError(response.status_code, body["error"], body["detail"], body.get("fields", []), wait_seconds)
    except (ValueError, KeyError, TypeError):
        return ApiError(response.status_code, "http_error", f"{response.status_code}: {response.text[:300]}", [])
