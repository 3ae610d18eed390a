"""Signing in by OpenID Connect, at a real provider: invited, connected, refused, and what a wrong answer does."""

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import ValidationError

from backend import identity_provider
from backend.access.group_roles import GroupRole
from backend.settings import Settings
from tests.backend.conftest import DISC
from tests.backend.live_backend import LiveBackend
from tests.backend.people import PASSWORD, Person, code_of, make_person
from tests.node import FRONTEND, node
from tests.ports import held_port

CLIENT = {"oidc_client_id": "fedsm", "oidc_client_secret": "client-secret-of-the-tests-only"}


@dataclass
class Provider:
    """`node frontend/scripts/openid-provider.mjs`, once the address of the backend's page is known."""

    port: int
    #: Who is in which groups, as JSON.
    groups: Path
    process: subprocess.Popen[str] | None = None

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, backend: LiveBackend) -> None:
        self.process = subprocess.Popen(
            [node(), "scripts/openid-provider.mjs", str(self.port), f"{backend.url}/signed-in", str(self.groups)],
            cwd=FRONTEND,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        said = []
        for line in self.process.stdout:
            said.append(line)
            if line == "listening\n":
                return
        pytest.fail("the provider did not start: " + "".join(said))

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    provider = Provider(held_port(), tmp_path / "groups.json")
    provider.groups.write_text("{}")
    yield provider
    provider.stop()


@pytest.fixture
def backend(
    tmp_path: Path, database_url: str, saved_answers: dict[str, Any], valkey_url: str, provider: Provider
) -> Iterator[LiveBackend]:
    """That names the provider, which runs."""
    del saved_answers
    settings = {**CLIENT, "oidc_issuer": provider.issuer, "oidc_name": "Aster hospital"}
    backend = LiveBackend(tmp_path, database_url, valkey_url, is_migrated=True, **settings)
    provider.start(backend)
    yield backend
    backend.stop()


class Visitor(Person):
    """A browser that goes to the provider and comes back."""

    def begin(self, path: str = "/session/single-sign-on", **body: Any) -> str:
        """The provider's address."""
        response = self.request("POST", path, json=body if path.endswith("sign-on") else None)
        assert response.is_success, response.text
        return str(response.json()["address"])

    def at_provider(self, address: str) -> dict[str, str]:
        """What the provider appends to the address of our page."""
        with httpx.Client(follow_redirects=False, timeout=60, verify=False) as http:
            response = http.get(address)
            while True:
                if response.is_redirect:
                    place = str(httpx.URL(str(response.request.url)).join(response.headers["location"]))
                    if "/signed-in" in place:
                        return {name: values[0] for name, values in parse_qs(urlsplit(place).query).items()}
                    response = http.get(place)
                    continue
                assert response.status_code == 200, response.text
                [action] = re.findall(r'<form[^>]*action="([^"]+)"', response.text)
                [prompt] = re.findall(r'name="prompt" value="(\w+)"', response.text)
                response = http.post(action, data={"prompt": prompt, "login": self.name, "password": "any"})

    def finish(self, returned: dict[str, str]) -> httpx.Response:
        body = {"provider_code": returned["code"], "state": returned["state"]}
        return self.request("POST", "/session/single-sign-on/finish", json=body)

    def sign_in_there(self, **body: Any) -> httpx.Response:
        return self.finish(self.at_provider(self.begin(**body)))


def test_the_invited_accept_by_single_sign_on_and_sign_in_by_it(backend: LiveBackend) -> None:
    federation = backend.post("/federations", {"name": "Eyes", "task": DISC})
    invitation = backend.post(f"/federations/{federation['id']}/invitations", {"label": "Jo", "role": "reader"})
    assert httpx.get(f"{backend.url}/api/v1/session/ways").json() == {"single_sign_on": "Aster hospital"}
    jo = Visitor(backend, "jo")
    accepted = jo.sign_in_there(invitation_code=code_of(invitation))
    assert accepted.status_code == 200, accepted.text
    assert accepted.json()["user"] == "jo"
    assert [access["roles"] for access in jo.get("/session")["federations"]] == [["reader"]]
    again = Visitor(backend, "jo")
    assert again.sign_in_there().json()["user"] == "jo"
    assert again.request("GET", f"/federations/{federation['id']}").status_code == 200
    used = Visitor(backend, "kim").sign_in_there(invitation_code=code_of(invitation))
    assert (used.status_code, used.json()["error"]) == (410, "gone")


def test_a_stranger_is_let_in_by_no_provider(backend: LiveBackend) -> None:
    refused = Visitor(backend, "stranger").sign_in_there()
    assert (refused.status_code, refused.json()["error"]) == (403, "sign_in_refused")
    assert "invitation" in refused.json()["detail"]
    assert backend.get("/users") == []


def test_a_user_with_a_password_connects_and_disconnects(backend: LiveBackend) -> None:
    person = make_person(backend, "sam", None)
    sam = Visitor(backend, "sam-at-aster")
    sam.http.cookies.update(person.http.cookies)
    assert sam.get("/session/single-sign-on") == {"is_connected": False}
    connected = sam.finish(sam.at_provider(sam.begin("/session/single-sign-on/connect")))
    assert connected.json()["user"] == "sam"
    assert Visitor(backend, "sam-at-aster").sign_in_there().json()["user"] == "sam"
    assert sam.get("/session/single-sign-on") == {"is_connected": True}

    other = Visitor(backend, "sam-at-aster")
    other.http.cookies.update(make_person(backend, "kim", None).http.cookies)
    taken = other.finish(other.at_provider(other.begin("/session/single-sign-on/connect")))
    assert taken.json()["detail"].endswith("connected with 'sam' already")

    assert sam.request("DELETE", "/session/single-sign-on").status_code == 204
    assert Visitor(backend, "sam-at-aster").sign_in_there().status_code == 403
    assert person.sign_in(PASSWORD).status_code == 200


def test_what_comes_back_must_have_been_begun_in_this_browser(backend: LiveBackend) -> None:
    jo, other = Visitor(backend, "jo"), Visitor(backend, "other")
    returned = jo.at_provider(jo.begin())
    other.begin()
    for visitor, answer in ((other, returned), (Visitor(backend, "third"), returned)):
        refused = visitor.finish(answer)
        assert (refused.status_code, refused.json()["error"]) == (403, "sign_in_refused")
        assert "not begun in this browser" in refused.json()["detail"]
    wrong = jo.finish(returned | {"code": "another"})
    assert "refuses the sign-in (invalid_grant)" in wrong.json()["detail"]


def test_a_code_works_once(backend: LiveBackend) -> None:
    person = make_person(backend, "sam", None)
    sam = Visitor(backend, "sam")
    sam.http.cookies.update(person.http.cookies)
    sam.finish(sam.at_provider(sam.begin("/session/single-sign-on/connect")))
    visitor = Visitor(backend, "sam")
    returned = visitor.at_provider(visitor.begin())
    kept = dict(visitor.http.cookies)
    assert visitor.finish(returned).status_code == 200
    thief = Visitor(backend, "sam")
    thief.http.cookies.update(kept)
    assert thief.finish(returned).status_code == 403


def test_a_removed_user_stays_out(backend: LiveBackend) -> None:
    invitation = backend.post("/invitations", {"label": "Jo"})
    jo = Visitor(backend, "jo")
    assert jo.sign_in_there(invitation_code=code_of(invitation)).status_code == 200
    user_id = jo.id
    assert backend.admin.delete(f"/api/v1/users/{user_id}").status_code == 204
    assert jo.request("GET", "/session").status_code == 401
    assert Visitor(backend, "jo").sign_in_there().status_code == 403


def test_a_provider_that_does_not_answer_is_said(backend: LiveBackend, provider: Provider) -> None:
    provider.stop()
    answer = Visitor(backend, "jo").request("POST", "/session/single-sign-on", json={})
    assert (answer.status_code, answer.json()["error"]) == (503, "provider_unavailable")
    assert "sign in with name and password" in answer.json()["detail"]


def test_the_providers_second_factor_is_the_providers_matter(
    backend: LiveBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where everybody needs one, those who sign in by single sign-on have shown what their institution asks for."""
    monkeypatch.setattr(backend.platform.settings, "second_factor", "everybody")
    invitation = backend.post("/invitations", {"label": "Jo"})
    jo = Visitor(backend, "jo")
    assert jo.sign_in_there(invitation_code=code_of(invitation)).json()["lacks_second_factor"] is False
    assert make_person(backend, "kim", None).get("/session")["lacks_second_factor"] is True


def test_without_a_provider_there_is_no_single_sign_on(
    tmp_path: Path, database_url: str, saved_answers: dict[str, Any], valkey_url: str
) -> None:
    del saved_answers
    backend = LiveBackend(tmp_path, database_url, valkey_url, is_migrated=True)
    try:
        assert httpx.get(f"{backend.url}/api/v1/session/ways").json() == {"single_sign_on": None}
        answer = httpx.post(f"{backend.url}/api/v1/session/single-sign-on", json={})
        assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
    finally:
        backend.stop()


GROUP_ROLES = (
    {"group": "platform", "role": "administrator"},
    {"group": "eyes", "role": "researcher", "federation": "Eyes"},
    {"group": "aster-data", "role": "site_manager", "federation": "Eyes", "sites": ["aster", "gone"]},
    {"group": "eyes", "role": "reader", "federation": "Not there"},
)


def roles_of(backend: LiveBackend, name: str) -> set[tuple[str, str | None]]:
    [user] = [user for user in backend.get("/users") if user["name"] == name]
    found = {(member["role"], member["given_by_group"]) for member in user["memberships"]}
    return found | ({("administrator", user["administrator_by_group"])} if user["is_administrator"] else set())


def test_groups_give_and_take_roles_at_each_sign_in_and_leave_those_given_by_hand(
    backend: LiveBackend, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = tuple(GroupRole.model_validate(rule) for rule in GROUP_ROLES)
    monkeypatch.setattr(backend.platform.settings, "oidc_roles", rules)
    federation = backend.post("/federations", {"name": "Eyes", "task": DISC})
    backend.post(f"/federations/{federation['id']}/sites", {"name": "Aster", "slug": "aster"})

    def comes_in(groups: list[str] | int) -> httpx.Response:
        provider.groups.write_text(json.dumps({"jo": groups}))
        return Visitor(backend, "jo").sign_in_there()

    assert comes_in(["others"]).status_code == 403, "no group of theirs has a role, and nobody invited them"
    assert comes_in(["eyes", "aster-data"]).json()["user"] == "jo"
    assert roles_of(backend, "jo") == {("researcher", "eyes"), ("site_manager", "aster-data")}
    user_id = backend.get("/users")[0]["id"]
    path = f"/api/v1/federations/{federation['id']}/members/{user_id}"
    refused = backend.admin.delete(path)
    assert (refused.status_code, "by the group eyes" in refused.json()["detail"]) == (409, True)
    assert backend.admin.put(path, json={"role": "reader"}).status_code == 200

    assert comes_in(["platform", "eyes"]).json()["is_administrator"] is True
    expected = {("administrator", "platform"), ("researcher", "eyes"), ("reader", None)}
    assert roles_of(backend, "jo") == expected
    undone = backend.admin.patch(f"/api/v1/users/{user_id}", json={"is_administrator": False})
    assert (undone.status_code, "by the group platform" in undone.json()["detail"]) == (409, True)

    too_many = comes_in(201)
    assert (too_many.status_code, "groups that are assigned to this platform" in too_many.json()["detail"]) == (
        403,
        True,
    )
    assert roles_of(backend, "jo") == expected, "who is in many groups loses nothing"

    assert comes_in([]).json()["is_administrator"] is False
    assert roles_of(backend, "jo") == {("reader", None)}
    said = [event["message"] for event in backend.get("/events", kind="user")]
    for words in (
        "jo is researcher of Eyes now, by the group eyes of the provider.",
        "jo is no longer researcher of Eyes; the role came by the group eyes of the provider.",
        "jo is an administrator now, by the group platform of the provider.",
        "jo is no longer an administrator; the role came by the group platform of the provider.",
    ):
        assert words in said
    assert backend.get("/audit/verification")["intact"]


def test_a_name_that_somebody_has_is_given_to_nobody_by_a_group(
    backend: LiveBackend, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_person(backend, "jo", None)
    monkeypatch.setattr(backend.platform.settings, "oidc_roles", (GroupRole(group="platform", role="administrator"),))
    provider.groups.write_text('{"jo": "platform"}')
    refused = Visitor(backend, "jo").sign_in_there()
    assert (refused.status_code, refused.json()["error"]) == (403, "sign_in_refused")
    assert "the name 'jo' is taken here" in refused.json()["detail"]


def test_a_claim_may_stand_inside_of_another_and_have_dots_in_its_name() -> None:
    claims = {"realm_access": {"roles": ["a"]}, "https://example.org/groups": ["b"]}
    assert identity_provider._claim(claims, "realm_access.roles") == ["a"]
    assert identity_provider._claim(claims, "https://example.org/groups") == ["b"]
    assert identity_provider._claim(claims, "realm_access.groups.more") is None


@pytest.mark.parametrize(
    ("claims", "name", "is_elsewhere"),
    [
        ({"_claim_names": {"groups": "src1"}}, "groups", True),
        ({"_claim_names": {"realm_access": "src1"}}, "realm_access.roles", True),
        ({"_claim_names": {"address": "src1"}}, "groups", False),
        ({"hasgroups": True}, "groups", True),
        ({"hasgroups": True}, "roles", False),
        ({}, "groups", False),
    ],
)
def test_groups_that_the_provider_leaves_out(claims: dict[str, Any], name: str, is_elsewhere: bool) -> None:
    assert identity_provider._stands_elsewhere(claims, name) == is_elsewhere


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"oidc_roles": "eyes"}, "FEDSM_OIDC_ROLES is no JSON"),
        ({"oidc_roles": '[{"group": "eyes", "role": "reader"}]'}, "'eyes': name a federation for every role"),
        ({"oidc_roles": '[{"group": "eyes", "role": "site_manager", "federation": "E"}]'}, "name the sites of a site"),
        ({"oidc_issuer": "http://login.example.org", **CLIENT}, "must be an address with https"),
        ({"oidc_issuer": "https://login.example.org"}, "needs FEDSM_OIDC_CLIENT_ID and FEDSM_OIDC_CLIENT_SECRET"),
    ],
)
def test_a_provider_is_given_whole_and_under_tls(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Settings(**settings)
