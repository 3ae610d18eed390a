"""Signing in with a code besides the password: set up, asked for, used once, recovered, required, reset."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest
import redis
from sqlalchemy import select

from backend.clock import now
from backend.db.models import SecondFactor
from backend.db.session import read_only, unit_of_work
from backend.second_factor import service
from backend.users import second_factor
from tests.backend.conftest import DISC
from tests.backend.live_backend import LiveBackend
from tests.backend.people import PASSWORD, Person, accept, code_of, make_person

#: While these tests run no step of 30 s ends: a code that was good for one more would be refused.
NOW = now()


@pytest.fixture(autouse=True)
def _one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (second_factor, service):
        monkeypatch.setattr(module, "now", lambda: NOW)


def code(secret: str, steps: int = 0) -> str:
    """What the app shows now, or so many steps of 30 s later."""
    return pyotp.TOTP(secret).at(NOW + timedelta(seconds=30 * steps))


def set_up(person: Person) -> tuple[str, list[str]]:
    """The app's secret, and the recovery codes."""
    started = person.request("POST", "/session/second-factor", json={"password": PASSWORD})
    assert started.status_code == 201, started.text
    secret = started.json()["secret"]
    confirmed = person.request("PUT", "/session/second-factor", json={"code": code(secret, -1)})
    assert confirmed.status_code == 200, confirmed.text
    return secret, confirmed.json()["recovery_codes"]


def sign_in(backend: LiveBackend, name: str, given: str | None) -> httpx.Response:
    body = {"name": name, "password": PASSWORD, "code": given}
    return httpx.post(f"{backend.url}/api/v1/session", json=body, timeout=60)


@pytest.fixture
def jo(backend: LiveBackend, federation: dict[str, Any]) -> Person:
    return make_person(backend, "jo", federation["id"], "researcher")


def test_a_code_of_the_app_is_needed_and_works_once(backend: LiveBackend, jo: Person) -> None:
    secret, _ = set_up(jo)
    without = sign_in(backend, "jo", None)
    assert (without.status_code, without.json()["error"]) == (401, "second_factor_needed")
    assert (sign_in(backend, "jo", "000000").json()["error"]) == "wrong_code"
    now_shown = code(secret)
    assert sign_in(backend, "jo", f"{now_shown[:3]} {now_shown[3:]}").status_code == 200
    again = sign_in(backend, "jo", now_shown)
    assert (again.status_code, again.json()["error"]) == (401, "wrong_code")
    assert "used before" in again.json()["detail"]
    assert sign_in(backend, "jo", code(secret, -3)).json()["error"] == "wrong_code"
    failures = [
        event for event in backend.get("/events") if "a code of the second factor was wrong" in event["message"]
    ]
    assert [event["level"] for event in failures[:1]] == ["warning"]


def test_a_wrong_password_is_not_told_by_the_second_factor(backend: LiveBackend, jo: Person) -> None:
    set_up(jo)
    body = {"name": "jo", "password": "another password", "code": None}
    answer = httpx.post(f"{backend.url}/api/v1/session", json=body, timeout=60).json()
    assert answer["error"] == "wrong_password"


def test_each_recovery_code_lets_in_once(backend: LiveBackend, jo: Person) -> None:
    _, recovery = set_up(jo)
    assert len(set(recovery)) == 10
    assert sign_in(backend, "jo", recovery[3].lower()).status_code == 200
    assert sign_in(backend, "jo", recovery[3]).json()["error"] == "wrong_code"
    assert sign_in(backend, "jo", recovery[4]).status_code == 200
    assert jo.get("/session/second-factor")["num_recovery_codes"] == 8


def test_other_sign_ins_end_when_it_is_set_up_and_this_one_goes_on(backend: LiveBackend, jo: Person) -> None:
    other = Person(backend, "jo")
    assert other.sign_in().status_code == 200
    set_up(jo)
    assert other.request("GET", "/session").status_code == 401
    assert jo.get("/session")["user"] == "jo"


def test_nothing_is_in_force_before_its_first_code(backend: LiveBackend, jo: Person) -> None:
    started = jo.request("POST", "/session/second-factor", json={"password": PASSWORD}).json()
    assert started["address"].startswith("otpauth://totp/FedSM%20Studio:jo?secret=")
    assert sign_in(backend, "jo", None).status_code == 200
    wrong = jo.request("PUT", "/session/second-factor", json={"code": "123"})
    assert wrong.json()["error"] == "wrong_code"
    assert jo.get("/session/second-factor")["enabled_at"] is None


def test_the_database_does_not_hold_the_secret(backend: LiveBackend, jo: Person) -> None:
    secret, recovery = set_up(jo)
    with read_only(backend.platform.database) as session:
        row = session.scalars(select(SecondFactor)).one()
        assert secret not in row.secret
        assert not set(recovery) & set(row.recovery_sha256)


def test_removing_it_needs_password_and_code(backend: LiveBackend, jo: Person) -> None:
    secret, _ = set_up(jo)
    wrong = jo.request("POST", "/session/second-factor/remove", json={"password": "wrong", "code": code(secret)})
    assert wrong.json()["error"] == "wrong_password"
    wrong = jo.request("POST", "/session/second-factor/remove", json={"password": PASSWORD, "code": "000000"})
    assert wrong.json()["error"] == "wrong_code"
    done = jo.request("POST", "/session/second-factor/remove", json={"password": PASSWORD, "code": code(secret)})
    assert done.status_code == 204
    assert sign_in(backend, "jo", None).status_code == 200


def test_an_administrator_resets_it_and_sees_who_has_it(backend: LiveBackend, jo: Person) -> None:
    user_id = jo.id
    set_up(jo)
    assert [user["has_second_factor"] for user in backend.get("/users")] == [True]
    path = f"/api/v1/users/{user_id}/second-factor"
    assert backend.admin.delete(path).status_code == 204
    assert jo.request("GET", "/session").status_code == 401
    assert sign_in(backend, "jo", None).status_code == 200
    assert backend.admin.delete(path).status_code == 409


def test_neither_a_token_nor_a_link_gets_around_it(backend: LiveBackend, jo: Person) -> None:
    token = jo.token()
    secret, _ = set_up(jo)
    asked = httpx.post(
        f"{backend.url}/api/v1/session/second-factor/remove",
        json={"password": PASSWORD, "code": code(secret)},
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
    )
    assert asked.status_code == 403
    link = code_of(backend.post(f"/users/{jo.id}/password-link"))
    assert accept(backend, link, "jo", "a new password of the tests").json()["error"] == "second_factor_needed"
    assert sign_in(backend, "jo", code(secret)).status_code == 200, "the link changed nothing"


def test_where_everybody_needs_one_nothing_else_is_open_before(
    tmp_path: Path, database_url: str, saved_answers: dict[str, Any], valkey_url: str, broker: redis.Redis
) -> None:
    del saved_answers, broker
    backend = LiveBackend(tmp_path, database_url, valkey_url, second_factor="everybody")
    try:
        made = backend.post("/federations", {"name": "Eyes", "task": DISC})
        jo = make_person(backend, "jo", made["id"], "researcher")
        session = jo.get("/session")
        assert session["lacks_second_factor"] is True
        assert session["permissions"] == ["own_account"]
        refused = jo.request("GET", f"/federations/{made['id']}")
        assert refused.status_code == 403
        assert "second factor" in refused.json()["detail"]
        secret, _ = set_up(jo)
        assert jo.request("GET", f"/federations/{made['id']}").status_code == 200
        kept = jo.request("POST", "/session/second-factor/remove", json={"password": PASSWORD, "code": code(secret)})
        assert kept.status_code == 409
        assert backend.get("/session")["lacks_second_factor"] is False, "the holder of the administrator's token"
    finally:
        backend.stop()


def test_where_administrators_need_one_the_others_do_not(
    tmp_path: Path, database_url: str, saved_answers: dict[str, Any], valkey_url: str, broker: redis.Redis
) -> None:
    del saved_answers, broker
    backend = LiveBackend(tmp_path, database_url, valkey_url, second_factor="administrators")
    try:
        made = backend.post("/federations", {"name": "Eyes", "task": DISC})
        jo = make_person(backend, "jo", made["id"], "researcher")
        assert jo.get("/session")["lacks_second_factor"] is False
        assert jo.get(f"/federations/{made['id']}")["name"] == "Eyes"
        ada = make_person(backend, "ada", None)
        assert ada.get("/session")["permissions"] == ["own_account"]
        assert ada.request("GET", "/users").status_code == 403
        set_up(ada)
        assert ada.request("GET", "/users").status_code == 200
    finally:
        backend.stop()


def test_another_key_of_the_hub_is_said(backend: LiveBackend, jo: Person) -> None:
    """As after a restore of the database alone: the answer names what is lacking, and an administrator can reset."""
    set_up(jo)
    with unit_of_work(backend.platform.database) as session:
        session.scalars(select(SecondFactor)).one().secret = "gAAAAA of another key"
    answer = sign_in(backend, "jo", "123456")
    assert (answer.status_code, answer.json()["error"]) == (409, "conflict")
    assert "server-key" in answer.json()["detail"]


def test_an_administrator_asks_others_for_one_and_takes_it_back(backend: LiveBackend, jo: Person) -> None:
    asked = backend.get("/second-factor-duty")
    assert asked == {"duty": "optional", "at_least": "optional", "set_by": None, "set_at": None}
    assert jo.request("GET", "/second-factor-duty").status_code == 403
    assert jo.request("PUT", "/second-factor-duty", json={"duty": "everybody"}).status_code == 403
    answer = backend.admin.put("/api/v1/second-factor-duty", json={"duty": "everybody"})
    assert (answer.json()["duty"], answer.json()["set_by"]) == ("everybody", "admin")
    assert jo.get("/session")["permissions"] == ["own_account"]
    assert jo.get("/session/second-factor")["is_required"]
    said = [event["message"] for event in backend.get("/events", level="warning")]
    assert "admin asks everybody for a second factor." in said
    backend.admin.put("/api/v1/second-factor-duty", json={"duty": "administrators"})
    assert jo.get("/session")["lacks_second_factor"] is False, "from the next request on"
    backend.restart()
    assert backend.get("/second-factor-duty")["duty"] == "administrators"


def test_an_administrator_asks_no_less_than_the_operator(backend: LiveBackend) -> None:
    backend.settings = backend.settings.model_copy(update={"second_factor": "administrators"})
    backend.restart()
    answer = backend.admin.put("/api/v1/second-factor-duty", json={"duty": "optional"})
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid_input")
    (field,) = answer.json()["fields"]
    assert (field["field"], field["value"]) == ("duty", "optional")
    assert field["remedy"] == "choose administrators, or more"
    assert backend.get("/second-factor-duty")["duty"] == "administrators"
