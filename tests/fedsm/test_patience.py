"""A server that takes only so many images in a minute is waited for."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from typer.testing import CliRunner

from fedsm.cli.app import app

REFUSED = {"error": "too_many_requests", "detail": "there were too many predictions"}


class Busy(BaseHTTPRequestHandler):
    """Takes the second image that it gets."""

    asked: list[str]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.asked.append(self.path)
        refused = len(self.asked) == 1
        self.send_response(429 if refused else 404)
        if refused:
            self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(json.dumps(REFUSED if refused else {"error": "not_found", "detail": "gone"}).encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def busy() -> Iterator[ThreadingHTTPServer]:
    Busy.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Busy) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_an_image_is_sent_again_when_the_server_takes_images_again(busy: ThreadingHTTPServer, tmp_path: Path) -> None:
    (tmp_path / "eye.png").write_bytes(b"x")
    address = f"http://127.0.0.1:{busy.server_port}"
    done = CliRunner().invoke(app, ["predict", "r1", str(tmp_path / "eye.png"), "--server", address, "--token", "t"])
    assert Busy.asked == ["/api/v1/runs/r1/predictions?name=eye.png&threshold=run"] * 2
    assert "waits 0 s: there were too many predictions" in done.output
    assert "gone" in done.output, "a refusal that waiting does not help is said"
    assert done.exit_code == 2
