"""A real HTTP server that answers the worker API as a test tells it to."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from backend.contracts.log_lines import CORRELATION_HEADER


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    body: bytes
    authorization: str | None
    correlation_id: str | None = None


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass
class WorkerApiServer:
    """`answer` gets each request; what came is kept in `requests`."""

    url: str
    requests: list[Request] = field(default_factory=list)
    answer: Callable[[Request], Answer] = lambda request: Answer(204)

    def paths(self) -> list[tuple[str, str]]:
        return [(request.method, request.path.removeprefix("/worker-api/v1")) for request in self.requests]


@contextmanager
def serve_worker_api() -> Iterator[WorkerApiServer]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            said = self.headers.get("Authorization"), self.headers.get(CORRELATION_HEADER)
            request = Request(self.command, self.path, body, *said)
            state.requests.append(request)
            answer = state.answer(request)
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(answer.body)))
            for name, value in answer.headers:
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = do_HEAD = handle_any  # noqa: N815 (http.server's names)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state = WorkerApiServer(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
