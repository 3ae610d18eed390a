"""Who may come in, and by which door."""

import httpx
import pytest
from sqlalchemy import select

from backend.db.models import UserSession
from backend.db.session import read_only
from tests.backend.live_backend import ADMIN_TOKEN, WORKER_TOKEN, LiveBackend

COOKIE = "fedsm_session_8000"


def test_health_needs_no_token(backend: LiveBackend) -> None:
    assert httpx.get(f"{backend.url}/api/v1/health").json()["status"] == "ok"


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Bearer {WORKER_TOKEN}"}]
)
def test_strangers_and_workers_are_kept_out_of_the_api(backend: LiveBackend, headers: dict[str, str]) -> None:
    for path in ("federations", "system", "events/stream", f"artifacts/{'0' * 64}", "experiment-schema"):
        response = httpx.get(f"{backend.url}/api/v1/{path}", headers=headers)
        assert response.status_code == 401, path
        assert response.json()["error"] in ("not_signed_in", "wrong_token")


@pytest.mark.parametrize("headers", [{}, {"Authorization": f"Bearer {ADMIN_TOKEN}"}])
def test_only_workers_enter_the_worker_api(backend: LiveBackend, headers: dict[str, str]) -> None:
    response = httpx.post(f"{backend.url}/worker-api/v1/tasks/x/claim", json={"worker": "w"}, headers=headers)
    assert response.status_code == 401
    response = httpx.put(f"{backend.url}/worker-api/v1/artifacts/{'0' * 64}", content=b"", headers=headers)
    assert response.status_code == 401


def test_session_cookie_survives_a_restart_and_ends_at_sign_out(backend: LiveBackend) -> None:
    response = httpx.post(f"{backend.url}/api/v1/session", json={"token": ADMIN_TOKEN})
    assert response.json()["user"] == "admin"
    cookie = response.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    cookies = {COOKIE: response.cookies[COOKIE]}
    with read_only(backend.platform.database) as session:
        assert cookies[COOKIE] not in session.scalars(select(UserSession.token_sha256)).all()
    backend.restart()
    client = httpx.Client(base_url=backend.url, cookies=cookies)
    assert client.get("/api/v1/session").json()["user"] == "admin"
    assert client.delete("/api/v1/session").status_code == 204
    client = httpx.Client(base_url=backend.url, cookies=cookies)
    assert client.get("/api/v1/session").status_code == 401


def test_wrong_token_is_refused_and_not_repeated(backend: LiveBackend) -> None:
    response = httpx.post(f"{backend.url}/api/v1/session", json={"token": "secret-guess"})
    assert (response.status_code, response.json()["error"]) == (401, "wrong_token")
    response = httpx.post(f"{backend.url}/api/v1/session", json={"token": "secret-guess" * 20})
    assert response.status_code == 422
    assert "secret-guess" not in response.text
