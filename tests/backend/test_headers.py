"""What protects a browser: headers, where a change may come from, how often one may ask, and a page of the API of our
own files."""

import re
from typing import Any

import httpx
import pytest

from backend.headers import EVERYWHERE
from backend.rates import RULES
from tests.backend.document import openapi_document
from tests.backend.live_backend import ADMIN_TOKEN, WORKER_TOKEN, LiveBackend


@pytest.fixture
def browser(backend: LiveBackend) -> httpx.Client:
    """Signed in by the cookie."""
    client = httpx.Client(base_url=backend.url)
    assert client.post("/api/v1/session", json={"token": ADMIN_TOKEN}).status_code == 200
    return client


def test_every_answer_carries_the_headers(backend: LiveBackend) -> None:
    for path in ("/", "/docs", "/openapi.json", "/api/v1/health", "/api/v1/federations", "/%00", "/worker-api/v1/x"):
        answer = httpx.get(backend.url + path, timeout=60)
        for name, value in EVERYWHERE.items():
            assert answer.headers[name] == value, (path, answer.status_code)
        assert ("no-store" in answer.headers.get("cache-control", "")) == ("api/v1" in path), path
    policy = EVERYWHERE["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval'" not in policy.replace("wasm-unsafe-eval", "")
    assert "http" not in policy, "no foreign host"


@pytest.mark.parametrize(
    ("headers", "is_own"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": "http://127.0.0.1:1"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, False),
    ],
)
def test_a_change_comes_from_our_own_pages(
    backend: LiveBackend, browser: httpx.Client, headers: dict[str, str], is_own: bool
) -> None:
    """A sibling host or another port of this machine is the same site to a browser, so it sends the cookie along."""
    answers = [
        browser.post("/api/v1/federations/x/dry-runs", headers=headers),  # without a body, too
        browser.post("/api/v1/tokens", json={"name": "t"}, headers=headers),
        browser.post("/api/v1/runs/x/predictions?name=a.png", content=b"x", headers=headers),
        httpx.post(f"{backend.url}/api/v1/session", json={"token": ADMIN_TOKEN}, headers=headers),
    ]
    for answer in answers:
        assert (answer.status_code != 403) == is_own, answer.text
        assert is_own or "may not change anything here" in answer.json()["detail"]
    assert browser.get("/api/v1/federations", headers=headers).status_code == 200, "looking changes nothing"
    token = {"Authorization": f"Bearer {ADMIN_TOKEN}"} | headers
    assert httpx.post(f"{backend.url}/api/v1/tokens", json={"name": "t"}, headers=token).status_code == 201


def test_the_browsers_own_origin_is_known_without_its_newer_header(backend: LiveBackend, browser: httpx.Client) -> None:
    answer = browser.post("/api/v1/tokens", json={"name": "t"}, headers={"Origin": backend.url})
    assert answer.status_code == 201


def test_signing_out_clears_what_the_browser_keeps(browser: httpx.Client) -> None:
    answer = browser.delete("/api/v1/session")
    assert answer.headers["clear-site-data"] == '"cache", "cookies", "storage"'
    assert browser.get("/api/v1/session").status_code == 401


def test_under_tls_no_other_host_can_set_the_cookie(backend: LiveBackend) -> None:
    """As a proxy on this machine says that it speaks TLS."""
    headers = {"X-Forwarded-Proto": "https"}
    answer = httpx.post(f"{backend.url}/api/v1/session", json={"token": ADMIN_TOKEN}, headers=headers)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-fedsm_session_8000=")
    assert "Secure" in cookie
    assert "Domain" not in cookie
    name, _, value = cookie.partition(";")[0].partition("=")
    signed_in = httpx.get(f"{backend.url}/api/v1/session", headers={**headers, "Cookie": f"{name}={value}"})
    assert signed_in.status_code == 200


def test_the_page_of_the_api_asks_no_other_host(backend: LiveBackend) -> None:
    page = httpx.get(f"{backend.url}/docs").text
    files = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert {"/docs/swagger-ui-bundle.js", "/docs/start.js", "/docs/swagger-ui.css"} <= set(files)
    assert all(file.startswith("/") for file in files)
    assert "<script>" not in page
    for file in files:
        if file.startswith("/docs/"):
            assert httpx.get(backend.url + file).status_code == 200
    assert httpx.get(f"{backend.url}/docs/../main.py").status_code == 404
    assert httpx.get(f"{backend.url}/docs/other.js").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/shared-reports/xyz/pdf", None),
        ("POST", "/invitations/look", {}),
        ("PUT", "/session/password", {}),
        ("GET", "/runs/x/model.zip", None),
        ("POST", "/tokens", {}),
    ],
)
def test_what_is_open_or_dear_is_limited(backend: LiveBackend, method: str, path: str, body: Any) -> None:
    rule = next(rule for rule in RULES if rule.operation.fullmatch(f"{method} /api/v1{path}"))
    answers = [backend.admin.request(method, f"/api/v1{path}", json=body) for _ in range(rule.limit.amount + 1)]
    assert 429 not in [answer.status_code for answer in answers[:-1]]
    last = answers[-1]
    assert last.status_code == 429, last.text
    assert last.json()["error"] == "too_many_requests"
    assert 1 <= int(last.headers["retry-after"]) <= 60
    assert f"too many {rule.what}: at most {rule.limit.amount} are taken in 60 s" in last.json()["detail"]


def test_a_limit_is_each_senders_own_and_is_asked_after_the_credential(backend: LiveBackend) -> None:
    """Nobody uses up what another may ask for, nor escapes a limit by a token that is none."""
    path = f"{backend.url}/api/v1/runs/x/model.zip"
    for number in range(25):
        assert httpx.get(path, headers={"Authorization": f"Bearer none {number}"}).status_code == 401
    assert backend.admin.get("/api/v1/runs/x/model.zip").status_code == 404
    worker = {"Authorization": f"Bearer {WORKER_TOKEN}"}
    assert httpx.get(path, headers=worker).status_code == 401


def test_every_rule_names_a_route() -> None:
    document = openapi_document()
    known = [f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods]
    for rule in RULES:
        assert any(rule.operation.fullmatch(operation) for operation in known), rule.operation.pattern
