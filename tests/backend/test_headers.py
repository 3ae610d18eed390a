"""What protects a browser: headers, where a change may come from, how often one may ask, and a page of the API of our
own files."""

import re
from typing import Any

import httpx
import pytest

from backend.headers import EVERYWHERE
from backend.link.keys import SigningKey
from backend.rates import RULES, Rates
from fedsm.site_agent.signing import SignedRequests
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
        ("GET", "/model-versions/x/model.zip", None),
        ("POST", "/runs/x/exports", {}),
        ("GET", "/audit/verification", None),
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


#: Changes of something that is there: what they start was limited where it was made.
CHEAP = {
    "POST /api/v1/dry-runs/{dry_run_id}/cancel",
    "POST /api/v1/experiment-files/read",
    "POST /api/v1/federations/{federation_id}/experiment-files/write",
    "POST /api/v1/experiments/{experiment_id}/cancel",
    "POST /api/v1/experiments/{experiment_id}/resume",
    "POST /api/v1/experiments/{experiment_id}/start",
    "POST /api/v1/prediction-batches/{batch_id}/cancel",
    "POST /api/v1/registered-models/{model_id}/aliases",
    "POST /api/v1/reports/{report_id}/revoke",
    *(f"POST /api/v1/runs/{{run_id}}/{do}" for do in ("cancel", "finish", "pause", "resume")),
    "POST /api/v1/runs/{run_id}/tasks/{task_id}/rerun",
}


def test_what_starts_work_or_packs_files_is_limited_or_stands_among_the_cheap() -> None:
    dear = {"run_experiments", "register_models", "move_models", "share_reports"}
    unlimited = {
        f"{method.upper()} {path}"
        for path, methods in openapi_document()["paths"].items()
        for method, entry in methods.items()
        if (method == "post" and entry["x-permission"] in dear) or path.endswith((".zip", "/pdf"))
        if not Rates().has_rule(method.upper(), path)
    }
    assert unlimited == CHEAP


def test_an_address_with_many_wrong_signatures_waits_and_its_people_do_not(backend: LiveBackend) -> None:
    statuses = []
    with httpx.Client(
        base_url=backend.url, auth=SignedRequests(SigningKey.generate(), backend.url), trust_env=False
    ) as stranger:
        statuses = [stranger.post("/worker-api/v1/gone", json={}).status_code for _ in range(62)]
    assert statuses == [401] * 60 + [429] * 2
    assert backend.admin.get("/api/v1/federations").status_code == 200
    wrong = httpx.post(f"{backend.url}/api/v1/session", json={"token": "wrong"})
    assert wrong.status_code == 401, "they are no wrong guesses"


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
