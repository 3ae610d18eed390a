"""Personal tokens: shown once, valid for a time, revoked at once."""

from datetime import timedelta

import httpx
from sqlalchemy import update

from backend.clock import now
from backend.db.models import ApiToken
from backend.db.session import unit_of_work
from tests.backend.live_backend import LiveBackend


def get(backend: LiveBackend, token: str) -> httpx.Response:
    return httpx.get(f"{backend.url}/api/v1/federations", headers={"Authorization": f"Bearer {token}"})


def test_a_token_lets_its_user_in_until_it_is_revoked(backend: LiveBackend) -> None:
    made = backend.post("/tokens", {"name": "nightly", "days": 30})
    assert made["token"].startswith("fedsm_")
    assert made["token"].startswith(made["hint"])
    (listed,) = backend.get("/tokens")
    assert "token" not in listed
    assert listed["last_used_at"] is None
    assert get(backend, made["token"]).status_code == 200
    assert backend.get("/tokens")[0]["last_used_at"] is not None
    assert backend.admin.delete(f"/api/v1/tokens/{made['id']}").status_code == 204
    refused = get(backend, made["token"])
    assert (refused.status_code, refused.json()["error"]) == (401, "wrong_token")
    assert backend.admin.delete(f"/api/v1/tokens/{made['id']}").status_code == 404


def test_an_expired_token_says_so(backend: LiveBackend) -> None:
    made = backend.post("/tokens", {"name": "old one", "days": 1})
    with unit_of_work(backend.platform.database) as session:
        session.execute(update(ApiToken).values(expires_at=now() - timedelta(days=1)))
    refused = get(backend, made["token"])
    assert refused.status_code == 401
    assert "'old one' expired on" in refused.json()["detail"]


def test_the_database_holds_no_token_and_the_activity_names_it(backend: LiveBackend) -> None:
    made = backend.post("/tokens", {"name": "nightly"})
    with unit_of_work(backend.platform.database) as session:
        stored = session.query(ApiToken).one()
        assert made["token"] not in (stored.token_sha256, stored.hint)
    messages = [event["message"] for event in backend.get("/events", kind="user")]
    assert messages[-1] == "admin made the token 'nightly', valid for 90 days."
    assert not any(made["token"] in message for message in messages)


def test_a_token_signs_no_worker_in(backend: LiveBackend) -> None:
    made = backend.post("/tokens", {"name": "nightly"})
    answer = httpx.post(
        f"{backend.url}/worker-api/v1/tasks/x/claim",
        json={"worker": "w"},
        headers={"Authorization": f"Bearer {made['token']}"},
    )
    assert answer.status_code == 401
