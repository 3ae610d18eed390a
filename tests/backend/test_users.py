"""Accounts: invitations, passwords, roles, and what ends them."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from backend.clock import now
from backend.db.models import Invitation, User
from backend.db.session import read_only, unit_of_work
from tests.backend.live_backend import LiveBackend
from tests.backend.people import PASSWORD, Person, accept, code_of, make_person

TASK = {"modality": "x", "num_channels": 1, "structures": [{"name": "disc", "label_values": [1]}]}
OTHER_PASSWORD = "quite another password"


@pytest.fixture
def eyes(backend: LiveBackend) -> dict[str, Any]:
    federation: dict[str, Any] = backend.post("/federations", {"name": "Eyes", "task": TASK})
    return federation


def invite(backend: LiveBackend, federation: dict[str, Any], role: str = "reader", **more: Any) -> str:
    """The link's code."""
    body = {"label": "Jo of Aster clinic", "role": role} | more
    return code_of(backend.post(f"/federations/{federation['id']}/invitations", body))


def look(backend: LiveBackend, code: str) -> httpx.Response:
    return httpx.post(f"{backend.url}/api/v1/invitations/look", json={"invitation_code": code})


def test_an_invitation_makes_an_account_once(backend: LiveBackend, eyes: dict[str, Any]) -> None:
    site = backend.post(f"/federations/{eyes['id']}/sites", {"name": "Aster clinic"})
    code = invite(backend, eyes, "site_manager", site_ids=[site["id"]])
    seen = look(backend, code).json()
    assert (seen["federation"], seen["role"], seen["sites"]) == ("Eyes", "site_manager", ["Aster clinic"])
    accepted = accept(backend, code, " Jo ")
    assert accepted.json()["user"] == "jo"
    assert "HttpOnly" in accepted.headers["set-cookie"], "the invited is signed in"
    access = accepted.json()["federations"][0]
    assert (access["roles"], access["site_ids"]) == (["site_manager"], [site["id"]])
    assert "manage_data" in access["own_site_permissions"]
    assert "manage_data" not in access["permissions"]
    again = accept(backend, code, "somebody-else")
    assert (again.status_code, again.json()["error"]) == (410, "gone")
    with read_only(backend.platform.database) as session:
        row = session.scalars(select(Invitation)).one()
        user = session.scalars(select(User)).one()
    assert code not in (row.code_sha256, row.label)
    assert user.password_hash.startswith("$argon2id$")
    assert PASSWORD not in user.password_hash
    messages = [event["message"] for event in backend.get("/events", kind="user")]
    assert "admin invited 'Jo of Aster clinic' to Eyes as site manager." in messages
    assert "jo is site manager of Eyes now, by admin." in messages
    assert not any(code in message for message in messages)


def test_an_invitation_ends_with_its_time_or_when_it_is_revoked(backend: LiveBackend, eyes: dict[str, Any]) -> None:
    revoked, expired = invite(backend, eyes), invite(backend, eyes)
    (newest, oldest) = backend.get("/invitations")
    assert "path" not in newest
    assert backend.admin.delete(f"/api/v1/invitations/{oldest['id']}").status_code == 204
    with unit_of_work(backend.platform.database) as session:
        change = update(Invitation).where(Invitation.id == newest["id"])
        session.execute(change.values(expires_at=now() - timedelta(seconds=1)))
    for code, word in ((revoked, "revoked"), (expired, "expired")):
        for answer in (look(backend, code), accept(backend, code, "jo")):
            assert answer.status_code == 410
            assert word in answer.json()["detail"]
    unknown = look(backend, "x" * 43)
    assert (unknown.status_code, "whole link" in unknown.json()["detail"]) == (404, True)
    assert backend.get("/invitations") == []


def test_a_user_takes_a_further_role_with_the_password_and_nobody_else_does(
    backend: LiveBackend, eyes: dict[str, Any]
) -> None:
    jo = make_person(backend, "jo", eyes["id"], "reader")
    other = backend.post("/federations", {"name": "Prostates", "task": TASK})
    code = invite(backend, other, "researcher")
    stranger = accept(backend, code, "Jo", OTHER_PASSWORD)
    assert (stranger.status_code, stranger.json()["error"]) == (409, "name_taken")
    assert accept(backend, code, "Jo").status_code == 200
    roles = {entry["federation_id"]: entry["roles"] for entry in jo.get("/session")["federations"]}
    assert roles == {eyes["id"]: ["reader"], other["id"]: ["researcher"]}


@pytest.mark.parametrize("name", ["admin", "backend", "Coordinator"])
def test_names_of_the_platform_are_nobodys(backend: LiveBackend, eyes: dict[str, Any], name: str) -> None:
    answer = accept(backend, invite(backend, eyes), name)
    assert answer.status_code == 422
    assert "is a word of the platform" in answer.json()["fields"][0]["message"]


def test_a_short_password_is_refused_and_never_repeated(backend: LiveBackend, eyes: dict[str, Any]) -> None:
    answer = accept(backend, invite(backend, eyes), "jo", "hunter2")
    assert answer.status_code == 422
    assert "at least 12" in answer.text
    assert "hunter2" not in answer.text
    body = {"name": "jo", "password": ["hunter2"]}
    assert "hunter2" not in httpx.post(f"{backend.url}/api/v1/session", json=body).text


def test_a_role_has_sites_exactly_where_it_manages_them(backend: LiveBackend, eyes: dict[str, Any]) -> None:
    site = backend.post(f"/federations/{eyes['id']}/sites", {"name": "A"})["id"]
    for role, sites, problem in (
        ("site_manager", [], "are left out"),
        ("reader", [site], "are given to a reader"),
        ("site_manager", ["0" * 16], "is no site of this federation"),
        ("administrator", [], "is no role in one federation"),
    ):
        body = {"label": "Jo", "role": role, "site_ids": sites}
        answer = backend.admin.post(f"/api/v1/federations/{eyes['id']}/invitations", json=body)
        assert (answer.status_code, answer.json()["fields"][0]["message"]) == (422, problem)


def test_a_password_signs_in_and_its_change_ends_the_other_sessions(backend: LiveBackend, eyes: dict[str, Any]) -> None:
    here = make_person(backend, "jo", eyes["id"], "reader")
    there = Person(backend, "jo")
    assert there.sign_in().status_code == 200
    wrong = Person(backend, "jo").sign_in("not the password")
    unknown = Person(backend, "nobody").sign_in()
    assert (wrong.status_code, wrong.json()["error"]) == (401, "wrong_password")
    assert unknown.json()["detail"] == wrong.json()["detail"], "who has an account is not said"
    body = {"password": "wrong", "new_password": OTHER_PASSWORD}
    assert here.request("PUT", "/session/password", json=body).status_code == 401
    body = {"password": PASSWORD, "new_password": OTHER_PASSWORD}
    assert here.request("PUT", "/session/password", json=body).status_code == 204
    assert here.request("GET", "/session").status_code == 200
    assert there.request("GET", "/session").status_code == 401
    assert there.sign_in().status_code == 401
    assert there.sign_in(OTHER_PASSWORD).status_code == 200


def test_a_forgotten_password_is_set_by_a_link(backend: LiveBackend, eyes: dict[str, Any]) -> None:
    jo = make_person(backend, "jo", eyes["id"], "reader")
    code = code_of(backend.post(f"/users/{jo.id}/password-link"))
    assert look(backend, code).json()["name"] == "jo"
    assert accept(backend, code, "jo", OTHER_PASSWORD).status_code == 200
    assert jo.request("GET", "/session").status_code == 401, "what was bound to the old password has ended"
    assert jo.sign_in(OTHER_PASSWORD).status_code == 200
    assert jo.get("/session")["federations"][0]["roles"] == ["reader"]


def test_sign_out_everywhere_ends_all_of_ones_sessions_and_no_others(
    backend: LiveBackend, eyes: dict[str, Any]
) -> None:
    first, second = make_person(backend, "jo", eyes["id"], "reader"), Person(backend, "jo")
    second.sign_in()
    other = make_person(backend, "sam", eyes["id"], "reader")
    token = first.token()
    out = second.request("DELETE", "/sessions")
    assert out.status_code == 204
    assert "cache" in out.headers["clear-site-data"]
    assert first.request("GET", "/session").status_code == 401
    assert other.request("GET", "/session").status_code == 200
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{backend.url}/api/v1/session", headers=headers).status_code == 200, "tokens stay"


def test_an_administrator_sees_ends_and_removes(backend: LiveBackend, eyes: dict[str, Any]) -> None:
    boss = make_person(backend, "boss", None)
    jo = make_person(backend, "jo", eyes["id"], "reader")
    token = jo.token()
    assert boss.get("/session")["is_administrator"]
    (_, row) = boss.get("/users")
    assert (row["name"], row["num_tokens"], row["memberships"][0]["role"]) == ("jo", 1, "reader")
    assert row["last_seen_at"] is not None
    (listed,) = boss.get(f"/users/{jo.id}/tokens")
    assert boss.request("DELETE", f"/users/{jo.id}/tokens/{listed['id']}").status_code == 204
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{backend.url}/api/v1/session", headers=headers).status_code == 401
    user_id = jo.id
    assert boss.request("POST", f"/users/{user_id}/sign-out").status_code == 204
    assert jo.request("GET", "/session").status_code == 401
    assert boss.request("DELETE", f"/users/{user_id}").status_code == 204
    assert jo.sign_in().status_code == 401
    assert [user["name"] for user in boss.get("/users")] == ["boss"]
    again = accept(backend, invite(backend, eyes), "jo")
    assert (again.status_code, again.json()["error"]) == (409, "name_taken"), "the name stands under what jo did"
    assert boss.request("DELETE", f"/users/{boss.id}").status_code == 409, "nobody removes themselves"
    assert backend.admin.patch(f"/api/v1/users/{boss.id}", json={"is_administrator": False}).status_code == 200
    assert boss.request("GET", "/users").status_code == 403


def test_a_token_makes_nothing_that_outlives_it(backend: LiveBackend, eyes: dict[str, Any]) -> None:
    boss = make_person(backend, "boss", None)
    boss_id = boss.id
    script = httpx.Client(base_url=backend.url, headers={"Authorization": f"Bearer {boss.token()}"})
    for method, path, body in (
        ("POST", "/tokens", {"name": "another"}),
        ("POST", "/invitations", {"label": "Jo"}),
        ("POST", f"/federations/{eyes['id']}/invitations", {"label": "Jo", "role": "coordinator"}),
        ("PUT", f"/federations/{eyes['id']}/members/{boss_id}", {"role": "coordinator"}),
        ("POST", f"/users/{boss_id}/password-link", None),
        ("PATCH", f"/users/{boss_id}", {"is_administrator": True}),
        ("PUT", "/session/password", {"password": PASSWORD, "new_password": OTHER_PASSWORD}),
        ("DELETE", "/sessions", None),
    ):
        answer = script.request(method, f"/api/v1{path}", json=body)
        assert answer.status_code == 403, path
        assert "a personal token may not" in answer.json()["detail"]
    reading = httpx.Client(base_url=backend.url, headers={"Authorization": f"Bearer {boss.token('read')}"})
    assert reading.get("/api/v1/federations").status_code == 200
    refused = reading.patch(f"/api/v1/federations/{eyes['id']}", json={"description": "x"})
    assert refused.status_code == 403
    assert refused.json()["detail"].startswith("a token of scope read may not do this")


def test_the_administrators_token_has_no_password_and_its_change_ends_its_sessions(backend: LiveBackend) -> None:
    token = backend.settings.admin_token.get_secret_value()
    browser = httpx.Client(base_url=backend.url)
    assert browser.post("/api/v1/session", json={"token": token}).status_code == 200
    body = {"password": "x", "new_password": OTHER_PASSWORD}
    assert browser.put("/api/v1/session/password", json=body).status_code == 409
    cookies = dict(browser.cookies)
    backend.settings.admin_token = type(backend.settings.admin_token)("another token of the tests only")
    backend.restart()
    again = httpx.get(f"{backend.url}/api/v1/session", cookies=cookies)
    assert (again.status_code, "changed" in again.json()["detail"]) == (401, True)


def test_failed_sign_ins_are_counted_shown_and_limited(backend: LiveBackend) -> None:
    answers = [httpx.post(f"{backend.url}/api/v1/session", json={"token": f"guess {n}"}) for n in range(12)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert "10 are taken in 60 s. Try again in" in answers[-1].json()["detail"]
    messages = [event["message"] for event in backend.get("/events", kind="user", level="warning")]
    numbers = [message.rpartition("number ")[2].partition(" ")[0] for message in messages]
    assert numbers == ["1", "2", "5", "10"]
    assert "127.0.0.1" in messages[0]
    right = httpx.post(f"{backend.url}/api/v1/session", json={"token": backend.settings.admin_token.get_secret_value()})
    assert right.status_code == 429, "a right guess among many wrong ones is not told apart"
