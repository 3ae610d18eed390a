"""The pages' files travel in the smallest form that the browser reads."""

import gzip
from pathlib import Path

import httpx
import pytest

from backend.frontend import accepted_encodings
from tests.backend.live_backend import LiveBackend

SCRIPT = b"export const answer = 42;" * 100


@pytest.fixture
def script(backend: LiveBackend) -> str:
    assets: Path = backend.settings.frontend_dist / "assets"
    assets.mkdir(parents=True)
    (assets / "app-1a2b.js").write_bytes(SCRIPT)
    (assets / "app-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT))
    (assets / "app-1a2b.js.br").write_bytes(b"brotli's bytes")
    (assets / "dot-1a2b.png").write_bytes(b"\x89PNG")
    return f"{backend.url}/assets/app-1a2b.js"


def test_a_script_is_sent_compressed_where_the_browser_reads_that(script: str) -> None:
    answer = httpx.get(script, headers={"Accept-Encoding": "gzip"})
    assert answer.content == SCRIPT
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < len(SCRIPT) / 10
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["vary"] == "Accept-Encoding"
    assert "immutable" in answer.headers["cache-control"]


def test_brotli_comes_before_gzip(script: str) -> None:
    with httpx.stream("GET", script, headers={"Accept-Encoding": "gzip, deflate, br"}) as answer:
        assert answer.headers["content-encoding"] == "br"
        assert b"".join(answer.iter_raw()) == b"brotli's bytes"


def test_a_client_that_reads_no_compressed_form_gets_the_file(script: str) -> None:
    answer = httpx.get(script, headers={"Accept-Encoding": "identity"})
    assert (answer.content, answer.headers.get("content-encoding")) == (SCRIPT, None)
    assert answer.headers["vary"] == "Accept-Encoding"


def test_a_picture_has_one_form(script: str) -> None:
    answer = httpx.get(script.replace("app-1a2b.js", "dot-1a2b.png"))
    assert (answer.content, answer.headers.get("content-encoding")) == (b"\x89PNG", None)


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip, deflate, br, zstd", {"gzip", "deflate", "br", "zstd"}),
        ("br;q=1.0, gzip; q=0.5", {"br", "gzip"}),
        ("br;q=0, GZIP;q=0.000", set()),
        ("", set()),
    ],
)
def test_encodings_are_read_with_their_weights(header: str, accepted: set[str]) -> None:
    assert accepted_encodings(header) == accepted
