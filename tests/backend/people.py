"""People with accounts, made as people are: by an invitation."""

from typing import Any

import httpx

from tests.backend.live_backend import LiveBackend

PASSWORD = "a password of the tests only"


class Person:
    """Signed in: `http` carries the cookie."""

    def __init__(self, backend: LiveBackend, name: str) -> None:
        self.backend, self.name = backend, name
        self.http = httpx.Client(base_url=backend.url, timeout=60, verify=False)

    def sign_in(self, password: str = PASSWORD) -> httpx.Response:
        return self.http.post("/api/v1/session", json={"name": self.name, "password": password})

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self.http.request(method, f"/api/v1{path}", **more)

    def get(self, path: str, **params: Any) -> Any:
        """JSON of a GET that must succeed."""
        response = self.request("GET", path, params=params)
        assert response.is_success, response.text
        return response.json()

    @property
    def id(self) -> str:
        return str(self.get("/session")["user_id"])

    def token(self, scope: str = "all") -> str:
        response = self.request("POST", "/tokens", json={"name": "script", "scope": scope})
        assert response.status_code == 201, response.text
        return str(response.json()["token"])


def code_of(invitation: dict[str, Any]) -> str:
    """What follows # in the link."""
    return str(invitation["path"].partition("#")[2])


def accept(backend: LiveBackend, code: str, name: str, password: str = PASSWORD) -> httpx.Response:
    body = {"invitation_code": code, "name": name, "password": password}
    return httpx.post(f"{backend.url}/api/v1/invitations/accept", json=body, timeout=60)


def make_person(
    backend: LiveBackend, name: str, federation_id: str | None, role: str | None = None, *site_ids: str
) -> Person:
    """With a role in the federation; without a federation an administrator."""
    if federation_id is None:
        invitation = backend.post("/invitations", {"label": name})
    else:
        body = {"label": name, "role": role, "site_ids": list(site_ids)}
        invitation = backend.post(f"/federations/{federation_id}/invitations", body)
    accepted = accept(backend, code_of(invitation), name)
    assert accepted.status_code == 200, accepted.text
    person = Person(backend, name)
    person.http.cookies.update(accepted.cookies)
    return person
