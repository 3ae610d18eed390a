"""What is refused before an endpoint sees it, and what the document says of it."""

import json
import logging
import socket
from collections.abc import Iterator

import httpx
import pytest

from backend.gate import PUBLIC, repeated_key
from tests.backend.document import openapi_document
from tests.backend.live_backend import ADMIN_TOKEN, WORKER_TOKEN, LiveBackend

MIB = 2**20
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/%00", "control character U+0000"),
        ("/a%0Ab", "control character U+000A"),
        ("/%E2%80%AEx", "invisible character U+202E"),
        ("/%ff", "not valid UTF-8"),
        ("/api/v1/runs/%ed%a0%80", "not valid UTF-8"),
        ("/" + "a" * 300, "longer than 255 bytes"),
        ("/" + "%C3%BC" * 130, "longer than 255 bytes"),
        ("/" + "a/" * 1500, "too long"),
        ("/assets/%00.js", "control character"),
        ("/api/v1/shared-reports/%00", "control character"),
        ("/?x=" + "a" * 17_000, "too long"),
    ],
)
def test_an_address_that_is_none_is_told_so(
    backend: LiveBackend, caplog: pytest.LogCaptureFixture, path: str, words: str
) -> None:
    caplog.set_level(logging.INFO)
    answer = _raw(backend, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    body = json.loads(answer.split(b"\r\n\r\n", 1)[1])
    assert answer.startswith(b"HTTP/1.1 400"), answer[:200]
    assert (body["error"], words in body["detail"]) == ("bad_request", True)
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("backend")]
    assert max(map(len, lines)) < 600
    assert not any("\n" in line or "\x00" in line for line in lines)


@pytest.mark.parametrize("path", ["/a b", "/%2e%2e/%2e%2e/etc/passwd", "/üñ", "/" + "a" * 255, "/a%2Fb"])
def test_an_odd_address_of_the_browser_is_a_page_that_is_not_there(backend: LiveBackend, path: str) -> None:
    assert httpx.get(backend.url + path).status_code in (200, 404)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/federations"),
        ("PATCH", "/api/v1/sites/x"),
        ("GET", "/api/v1/federations"),
        ("POST", "/worker-api/v1/heartbeat"),
        ("PUT", f"/worker-api/v1/artifacts/{'0' * 64}"),
        ("POST", "/api/v1/runs/x/predictions"),
        ("POST", "/api/v1/no-such-thing"),
    ],
)
def test_a_strangers_body_is_not_read(backend: LiveBackend, method: str, path: str) -> None:
    """The answer comes although the body never does, and it is not the 408 of a body that came too late."""
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 200000000\r\n\r\n"
    answer = _raw(backend, head.encode())
    assert answer.startswith(b"HTTP/1.1 401"), answer[:200]
    assert b"connection: close" in answer.lower()


def test_a_stranger_who_sends_a_whole_body_reads_why_it_is_refused(backend: LiveBackend) -> None:
    answer = httpx.post(f"{backend.url}/api/v1/federations", content=b"x" * 3 * MIB, headers=JSON)
    assert (answer.status_code, answer.json()["error"]) == (401, "not_signed_in")


@pytest.mark.parametrize("path", ["/api/v1/federations", "/api/v1/session", "/api/v1/experiment-files/read"])
def test_a_body_has_a_limit_whether_its_length_is_told_or_not(backend: LiveBackend, path: str) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(5):
            yield b" " * (MIB // 2)

    for content in (b" " * (2 * MIB + 1), pieces()):
        answer = backend.admin.post(path, content=content, headers=JSON)
        body = answer.json()
        assert (answer.status_code, body["error"]) == (413, "body_too_large")
        assert body["fields"][0]["field"] == "body"
        assert body["fields"][0]["remedy"] == "send at most 2 MiB to this address"


def test_the_addresses_of_large_bodies_take_them(backend: LiveBackend) -> None:
    content = b"a" * (3 * MIB)
    path = f"/worker-api/v1/artifacts/{'0' * 64}"
    answer = backend.worker.put(path, content=content, headers={"Content-Type": "application/octet-stream"})
    assert (answer.status_code, answer.json()["error"]) == (422, "hash_mismatch")
    answer = backend.worker.post("/worker-api/v1/tasks/x/complete", content=b" " * 3 * MIB, headers=JSON)
    assert answer.json()["error"] == "invalid_input"
    answer = backend.worker.post("/worker-api/v1/tasks/x/fail", content=b" " * 3 * MIB, headers=JSON)
    assert answer.status_code == 413


def test_a_body_that_does_not_come_is_not_waited_for(backend: LiveBackend) -> None:
    backend.settings = backend.settings.model_copy(update={"body_seconds": 0.3})
    backend.restart()
    for path, token in (
        ("POST /api/v1/federations", ADMIN_TOKEN),
        (f"PUT /worker-api/v1/artifacts/{'0' * 64}", WORKER_TOKEN),
    ):
        head = f"{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: 100\r\n"
        kind = "Content-Type: application/octet-stream\r\n\r\n"
        answer = _raw(backend, (head + kind + "half").encode())
        assert answer.startswith(b"HTTP/1.1 408"), answer[:300]
        assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["error"] == "too_slow"


def test_equal_keys_are_refused(backend: LiveBackend) -> None:
    for body in (
        b'{"name": "a", "name": "b"}',
        b'{"name": "a", "task": {"modality": "x", "modality": "y"}}',
        b'{"x": [' + b" " * 100_000 + b'{"b": 1, "b": 1}]}',
    ):
        answer = backend.admin.post("/api/v1/federations", content=body, headers=JSON)
        assert answer.status_code == 422
        assert answer.json()["fields"][0]["message"] == "is given twice in one object"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (b'{"a": 1, "b": {"a": 1}}', None),
        (b'[{"a": 1}, {"a": 1}]', None),
        (b'{"a": 1, "\\u0061": 1}', "a"),
        (b"no json", None),
        (b"[" * 100_000, None),
        (b"\xff", None),
    ],
)
def test_a_repeated_key_is_found_however_it_is_written(text: bytes, key: str | None) -> None:
    assert repeated_key(text) == key


@pytest.mark.parametrize(
    "body",
    [
        b'{"\\ud800": 1}',
        b'{"name": "\\ud800"}',
        b'{"name": ' + b"[" * 500 + b"]" * 500 + b"}",
        b'{"name": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"name": ' + b"9" * 5000 + b"}",
        b'{"name": NaN}',
        b'{"name": "\\u0000"}',
        b"\xff\xfe",
        b"[" + b"1," * 500_000 + b"1]",
    ],
)
def test_what_cannot_be_stored_or_echoed_is_still_answered_in_words(backend: LiveBackend, body: bytes) -> None:
    for path in ("/api/v1/federations", "/api/v1/session"):
        answer = backend.admin.post(path, content=body, headers=JSON)
        assert answer.status_code in (400, 422), answer.text[:300]
        assert answer.json()["detail"]
        assert len(answer.content) < 100_000


def test_ten_thousand_problems_are_not_all_told(backend: LiveBackend) -> None:
    structures = [{"name": 1}] * 10_000
    answer = backend.admin.post("/api/v1/federations", json={"name": "a", "task": {"structures": structures}})
    assert answer.status_code == 422
    assert len(answer.json()["fields"]) == 100
    assert "not listed" in answer.json()["detail"]


def test_a_stream_after_an_id_that_there_is_not_goes_on_with_what_comes(backend: LiveBackend) -> None:
    headers = {"Last-Event-ID": "9" * 30}
    with backend.admin.stream("GET", "/api/v1/events/stream", headers=headers) as answer:
        assert answer.status_code == 200
        backend.post("/federations", {"name": "Eyes", "task": {"structures": [{"name": "d", "label_values": [1]}]}})
        assert "Eyes" in next(line for line in answer.iter_lines() if line.startswith("data"))


def test_health_says_when_the_database_is_away(backend: LiveBackend) -> None:
    assert httpx.get(f"{backend.url}/api/v1/health").status_code == 200
    backend.platform.database.engine.dispose()
    if backend.platform.database.dialect == "sqlite":
        file = backend.settings.home / "fedsm.sqlite3"
        file.rename(file.with_suffix(".away"))
        file.mkdir()
        answer = httpx.get(f"{backend.url}/api/v1/health")
        assert (answer.status_code, answer.json()["error"]) == (503, "database_unavailable")


#: Of a file: a range of it, not changed, no such range.
NO_ERRORS = {"206", "304", "416"}


def test_the_document_says_who_may_call_what_and_how_errors_look() -> None:
    document = openapi_document()
    assert set(document["components"]["securitySchemes"]) == {"token", "cookie", "workerToken"}
    open_operations = set()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            place = f"{method} {path}"
            security = {name for entry in operation.get("security", []) for name in entry}
            if not security:
                open_operations.add((method.upper(), path))
            elif path.startswith("/worker-api"):
                assert security == {"workerToken"}, place
            else:
                assert security == {"token", "cookie"}, place
            answers = operation["responses"]
            assert {"400", "401", "404", "408", "409", "413", "422", "500", "503", "507"} <= answers.keys(), place
            for status in answers.keys() - {"200", "201", "202", "204", *NO_ERRORS}:
                assert set(answers[status]["content"]) == {"application/json"}, place
    assert open_operations == PUBLIC, "what the gate lets in without a credential asks for none, and nothing else"
    artifact = document["paths"]["/api/v1/artifacts/{sha256}"]["get"]["responses"]["200"]["content"]
    assert {"image/png", "image/jpeg", "application/x-nifti-gz"} <= set(artifact)
    for path in ("/api/v1/events.csv", "/api/v1/datasets/{dataset_id}/cases.csv"):
        assert set(document["paths"][path]["get"]["responses"]["200"]["content"]) == {"text/csv"}


def _raw(backend: LiveBackend, request: bytes) -> bytes:
    """The whole answer to what a client of good manners would not send."""
    host, port = backend.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=15) as connection:
        connection.sendall(request)
        answer = b""
        while True:
            piece = connection.recv(65536)
            answer += piece
            head, _, body = answer.partition(b"\r\n\r\n")
            lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")]
            if not piece or (lengths and len(body) >= int(lengths[0].split(b":")[1])):
                return answer
