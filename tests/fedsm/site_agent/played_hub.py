"""A hub that answers what the test tells it, signed as the real one does: for answers that the real one never gives."""

import asyncio
import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from backend.link import signatures
from backend.link.keys import SigningKey


@dataclass
class PlayedHub:
    """answers: by `METHOD path`, status and body. next_answers: to the next uploads, before those. forged: signed by
    another key. cut: of a file, how many bytes of each answer arrive before the connection breaks. cut_upload: how many
    bytes of the first upload arrive at least before it breaks; what came is kept in `received`, whose length the hub
    says, or else `received_answer`. certificate: with its key, for an address with TLS. host: where it listens.
    headers: more of them, in each answer."""

    key: SigningKey = field(default_factory=SigningKey.generate)
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    next_answers: list[tuple[int, bytes]] = field(default_factory=list)
    forged: bool = False
    cut: int | None = None
    cut_upload: int | None = None
    received: bytes = b""
    received_answer: tuple[int, bytes] | None = None
    certificate: tuple[Path, Path] | None = None
    host: str = "127.0.0.1"
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def __enter__(self) -> "PlayedHub":
        is_v6 = ":" in self.host
        listener = socket.create_server((self.host, 0), family=socket.AF_INET6 if is_v6 else socket.AF_INET)
        self.port = listener.getsockname()[1]
        self.url = f"http://[{self.host}]:{self.port}" if is_v6 else f"http://{self.host}:{self.port}"
        config = uvicorn.Config(self._answer, log_config=None, lifespan="off", interface="asgi3")
        if self.certificate is not None:
            config.ssl_certfile, config.ssl_keyfile = map(str, self.certificate)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]}, daemon=True)
        self._thread.start()
        while not self._server.started:
            self._thread.join(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(10)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if scope["method"] == "PUT" and self.cut_upload is not None and len(body) >= self.cut_upload:
                self.asked.append((f"{scope['method']} {scope['path']}", dict(Headers(scope=scope)), body))
                self.received, self.cut_upload = body, None
                await _start(send, 200, {"content-length": "9"})
                raise ConnectionResetError("the test breaks the connection here")
            if not message.get("more_body"):
                break
        headers = Headers(scope=scope)
        asked = f"{scope['method']} {scope['path']}"
        self.asked.append((asked, dict(headers), body))
        if scope["path"].endswith("/received"):
            self.answers[asked] = self.received_answer or (200, b'{"num_bytes": %d}' % len(self.received))
        status, content = self.answers.get(asked, (404, b'{"error": "not_found", "detail": "nothing here"}'))
        if scope["method"] == "PUT" and self.next_answers:
            status, content = self.next_answers.pop(0)
        is_file = scope["method"] == "GET" and "/artifacts/" in scope["path"] and not asked.endswith("/received")
        if is_file and status < 400:
            await self._send_file(content, headers, send)
            return
        key = SigningKey.generate() if self.forged else self.key
        signed = signatures.sign_answer(key, status, content, headers.get("signature", ""))
        await _start(send, status, signed | self.headers | {"content-length": str(len(content))})
        await send({"type": "http.response.body", "body": content})

    async def _send_file(self, content: bytes, headers: Headers, send: Send) -> None:
        begin = int(headers["range"].removeprefix("bytes=").rstrip("-")) if "range" in headers else 0
        rest = content[begin:]
        await _start(send, 206 if begin else 200, {"content-length": str(len(rest))})
        if self.cut is not None and len(rest) > self.cut:
            await send({"type": "http.response.body", "body": rest[: self.cut], "more_body": True})
            await asyncio.sleep(0.05)
            raise ConnectionResetError("the test breaks the connection here")
        await send({"type": "http.response.body", "body": rest})


async def _start(send: Send, status: int, headers: dict[str, str]) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
