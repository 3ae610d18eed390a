"""Every route of the OpenAPI document, asked as nobody, as every role, from the wrong federation, for the wrong site,
with what was revoked, as a worker and as a hospital. The expected answer is read from the matrix.

Where a request is let in, the endpoint is not run: an answer of 418 stands for it, so nothing is deleted on the way.
What endpoints without a federation in their address leave out is tested in test_narrowed_lists.py.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import HTTPException
from fastapi.routing import APIRoute
from sqlalchemy import select, text, update

from backend import health
from backend.access.matrix import GRANTS, INSTALLATION, OF_OWN_SITES, READING, Permission, Role
from backend.access.objects import OTHER_PARAMETERS, kind_of
from backend.clock import now
from backend.db.models import ApiToken, SiteCredential
from backend.db.session import read_only, unit_of_work
from backend.link.keys import SigningKey
from backend.main import API_ROUTERS
from backend.openapi_document import permission_of
from backend.sites.enrolment.identity import KEY_REPLACED
from backend.worker_api import endpoints as worker_api
from fedsm.site_agent.signing import SignedRequests
from tests.backend.document import openapi_document
from tests.backend.link.played_site import add_site, ask_to_join, invite
from tests.backend.live_backend import ADMIN_TOKEN, WORKER_TOKEN, LiveBackend
from tests.backend.people import PASSWORD, Person, code_of, make_person

pytestmark = pytest.mark.every_database

REACHED = 418
#: Nobody's name is asked for there.
LETS_IN_ALL = {"list_federations", "get_latest_result"}


@dataclass(frozen=True)
class Identity:
    """What a request carries, and what the one who sends it is. role: in the federation of the things asked for.

    own_site: whether a site manager's site is theirs. key: of a hospital, which signs each request with it.
    """

    name: str
    headers: dict[str, str]
    cookies: dict[str, str]
    is_known: bool = True
    is_administrator: bool = False
    role: Role | None = None
    role_elsewhere: Role | None = None
    own_site: bool = False
    reads_only: bool = False
    is_worker: bool = False
    key: SigningKey | None = None

    def client(self, backend: LiveBackend) -> httpx.Client:
        auth = None if self.key is None else SignedRequests(self.key, backend.url)
        return httpx.Client(
            base_url=backend.url, headers=self.headers, cookies=self.cookies, auth=auth, verify=False, timeout=60
        )


def let_in(who: Identity, permission: Permission, operation: str, kinds: list[str]) -> int:
    """REACHED, or the status of the refusal, by the matrix alone."""
    if permission == Permission.ANYBODY:
        return REACHED
    if permission == Permission.WORK:
        return REACHED if who.is_worker else 401
    if not who.is_known:
        return 401
    if who.reads_only and permission not in READING and operation not in LETS_IN_ALL:
        return 404 if kinds and who.role is None and not who.is_administrator else 403
    if permission == Permission.OWN_ACCOUNT or operation in LETS_IN_ALL:
        return REACHED
    if who.is_administrator:
        return REACHED if permission in GRANTS[Role.ADMINISTRATOR] else 403
    if permission in INSTALLATION:
        return 403
    if not kinds:
        roles = [role for role in (who.role, who.role_elsewhere) if role is not None]
        return REACHED if any(permission in GRANTS[role] for role in roles) else 403
    if who.role is None:
        return 404
    is_of_site = {"site", "dataset"} & set(kinds)
    if permission not in GRANTS[who.role]:
        return 403
    if who.role == Role.SITE_MANAGER and permission in OF_OWN_SITES and not (is_of_site and who.own_site):
        return 403
    return REACHED


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory, valkey_url: str) -> Iterator[LiveBackend]:
    backend = LiveBackend(tmp_path_factory.mktemp("access"), "", valkey_url)
    yield backend
    backend.stop()


@pytest.fixture(scope="module")
def things(backend: LiveBackend) -> dict[str, str]:
    """Ids of one thing of each kind, all of one federation, by the name of the path's parameter."""
    task = {"modality": "x", "num_channels": 1, "structures": [{"name": "disc", "label_values": [1]}]}
    federation = backend.post("/federations", {"name": "Here", "task": task})
    other = backend.post("/federations", {"name": "Elsewhere", "task": task})
    site = backend.post(f"/federations/{federation['id']}/sites", {"name": "A"})
    second = backend.post(f"/federations/{federation['id']}/sites", {"name": "B"})
    dataset = backend.post(f"/sites/{site['id']}/datasets", {"name": "D", "folder": "/data"})
    ids = {
        "federation_id": federation["id"],
        "other_federation": other["id"],
        "site_id": site["id"],
        "second_site": second["id"],
        "dataset_id": dataset["id"],
        "experiment_id": "e" * 16,
        "run_id": "r" * 16,
        "dry_run_id": "d" * 16,
        "prediction_id": "p" * 16,
        "batch_id": "b" * 16,
        "export_id": "v" * 16,
        "report_id": "q" * 16,
        "model_id": "m" * 16,
        "version_id": "n" * 16,
        "alias": "best",
        "rank": "worst",
        "task_id": "t" * 16,
        "round_number": "1",
        "sha256": "0" * 64,
        "token": "x" * 43,
        "token_id": "k" * 16,
    }
    _store_rows(backend, ids)
    invitation = backend.post(f"/federations/{federation['id']}/invitations", {"label": "Jo", "role": "reader"})
    return ids | {"invitation_id": invitation["id"], "invitation_code": code_of(invitation)}


def _store_rows(backend: LiveBackend, ids: dict[str, str]) -> None:
    """Those that only a run that trains would make."""
    at = "2026-01-02 03:04:05"
    config = json.dumps({"strategies": [{"name": "fedavg"}]})
    rows = {
        "experiment": {"id": ids["experiment_id"], "federation_id": ids["federation_id"], "kind": "training",
                       "name": "E", "description": "", "config": config, "created_at": at, "created_by": "admin"},
        "run": {"id": ids["run_id"], "experiment_id": ids["experiment_id"], "position": 0,
                "strategy": json.dumps({"name": "fedavg"}), "strategy_label": "FedAvg", "seed": 0, "status": "created",
                "round": 0, "num_rounds": 1, "minimum_sites": 1, "created_at": at},
        "dry_run": {"id": ids["dry_run_id"], "federation_id": ids["federation_id"], "config": config,
                    "created_at": at, "created_by": "admin"},
        "prediction": {"id": ids["prediction_id"], "run_id": ids["run_id"], "file_name": "a.png", "image": "0" * 64,
                       "round": 1, "created_at": at, "created_by": "admin"},
        "prediction_batch": {"id": ids["batch_id"], "run_id": ids["run_id"], "created_at": at, "created_by": "admin"},
        "model_export": {"id": ids["export_id"], "run_id": ids["run_id"], "form": "onnx", "round": 1,
                         "created_at": at, "created_by": "admin"},
        "registered_model": {"id": ids["model_id"], "federation_id": ids["federation_id"], "name": "eyes",
                             "last_version": 1, "created_at": at, "created_by": "admin"},
        "model_version": {"id": ids["version_id"], "model_id": ids["model_id"], "number": 1, "run_id": ids["run_id"],
                          "facts": json.dumps({"parts": []}), "notes": "", "signature": "", "public_key": "",
                          "created_at": at, "created_by": "admin"},
        "report": {"id": ids["report_id"], "experiment_id": ids["experiment_id"], "token": "y" * 43, "title": "R",
                   "document": "{}", "created_at": at, "created_by": "admin", "num_opened": 0},
    }  # fmt: skip
    with unit_of_work(backend.platform.database) as session:
        for table, row in rows.items():
            names = ", ".join(row)
            values = ", ".join(f":{name}" for name in row)
            session.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), row)


@pytest.fixture(scope="module")
def identities(backend: LiveBackend, things: dict[str, str]) -> list[Identity]:
    here, elsewhere = things["federation_id"], things["other_federation"]
    people = {
        "administrator": make_person(backend, "administrator", None),
        **{role: make_person(backend, f"the-{role}", here, role) for role in ("coordinator", "researcher", "reader")},
        "own site": make_person(backend, "own-site", here, "site_manager", things["site_id"]),
        "wrong site": make_person(backend, "wrong-site", here, "site_manager", things["second_site"]),
        "wrong federation": make_person(backend, "wrong-federation", elsewhere, "coordinator"),
        "no role": make_person(backend, "no-role", here, "reader"),
    }
    backend.admin.delete(f"/api/v1/federations/{here}/members/{people['no role'].id}")
    roles: dict[str, dict[str, Any]] = {
        "administrator": {"is_administrator": True},
        "coordinator": {"role": Role.COORDINATOR},
        "researcher": {"role": Role.RESEARCHER},
        "reader": {"role": Role.READER},
        "own site": {"role": Role.SITE_MANAGER, "own_site": True},
        "wrong site": {"role": Role.SITE_MANAGER},
        "wrong federation": {"role_elsewhere": Role.COORDINATOR},
        "no role": {},
    }
    found = [Identity(f"{name} at the browser", {}, cookies_of(people[name]), **more) for name, more in roles.items()]
    for name in ("administrator", "coordinator", "wrong federation"):
        found += [
            bearer(f"token of {name}", people[name].token(), **roles[name]),
            bearer(f"reading token of {name}", people[name].token("read"), reads_only=True, **roles[name]),
        ]
    found += [
        bearer("administrator's token", ADMIN_TOKEN, is_administrator=True),
        bearer("worker", WORKER_TOKEN, is_known=False, is_worker=True),
        Identity("nobody", {}, {}, is_known=False),
        bearer("wrong token", "fedsm_" + "z" * 43, is_known=False),
        bearer("invitation's code", things["invitation_code"], is_known=False),
        *dead_identities(backend, here),
        hospital("a site's credential", joined(backend, things, "North"), is_worker=True),
        hospital("a site's revoked credential", revoked(backend, things)),
    ]
    return found


def joined(backend: LiveBackend, things: dict[str, str], name: str, is_accepted: bool = True) -> SigningKey:
    """The key of a new hospital that has asked to join."""
    site = add_site(backend, {"id": things["federation_id"]}, name)
    key = SigningKey.generate()
    assert ask_to_join(backend, invite(backend, site), key).status_code == 201
    if is_accepted:
        backend.post(f"/sites/{site['id']}/credential/accept", {"fingerprint": key.public.fingerprint})
    return key


def revoked(backend: LiveBackend, things: dict[str, str]) -> SigningKey:
    key = joined(backend, things, "Revoked")
    backend.post(f"/sites/{site_of(backend, key)}/credential/revoke", {})
    return key


def site_of(backend: LiveBackend, key: SigningKey) -> str:
    with read_only(backend.platform.database) as session:
        query = select(SiteCredential.site_id).where(SiteCredential.fingerprint == key.public.fingerprint)
        return session.scalars(query).one()


def hospital(name: str, key: SigningKey, **more: Any) -> Identity:
    return Identity(name, {}, {}, is_known=False, key=key, **more)


def dead_identities(backend: LiveBackend, federation_id: str) -> Iterator[Identity]:
    """What let somebody in once."""
    person = make_person(backend, "was-here", federation_id, "coordinator")
    revoked, expired = person.token(), person.token()
    (first, second) = person.get("/tokens")  # the newest first
    assert person.request("DELETE", f"/tokens/{second['id']}").status_code == 204
    with unit_of_work(backend.platform.database) as session:
        session.execute(update(ApiToken).where(ApiToken.id == first["id"]).values(expires_at=now()))
    yield bearer("revoked token", revoked, is_known=False)
    yield bearer("expired token", expired, is_known=False)
    old = Person(backend, "was-here")
    old.sign_in()
    signed_out = cookies_of(old)
    assert old.request("DELETE", "/session").status_code == 204
    yield Identity("session that was signed out", {}, signed_out, is_known=False)
    other = Person(backend, "was-here")
    other.sign_in()
    body = {"password": PASSWORD, "new_password": "another password of the tests"}
    assert person.request("PUT", "/session/password", json=body).status_code == 204
    yield Identity("session of an old password", {}, cookies_of(other), is_known=False)
    gone = make_person(backend, "removed", federation_id, "coordinator")
    token, cookies = gone.token(), cookies_of(gone)
    assert backend.admin.delete(f"/api/v1/users/{gone.id}").status_code == 204
    yield bearer("token of a removed user", token, is_known=False)
    yield Identity("session of a removed user", {}, cookies, is_known=False)


def bearer(name: str, token: str, **more: Any) -> Identity:
    return Identity(name, {"Authorization": f"Bearer {token}"}, {}, **more)


def cookies_of(person: Person) -> dict[str, str]:
    return dict(person.http.cookies)


@pytest.fixture(scope="module")
def refused_keys(backend: LiveBackend, things: dict[str, str]) -> dict[tuple[int, str], SigningKey]:
    """Of hospitals that may not work, by the answer: one that is not accepted yet, one that is in use twice, one that a
    new key followed, and one that nobody knows."""
    stopped, replaced = joined(backend, things, "Stopped"), joined(backend, things, "Replaced")
    with unit_of_work(backend.platform.database) as session:
        for key, values in (
            (stopped, {"status": "stopped"}),
            (replaced, {"status": "ended", "reason": KEY_REPLACED, "ended_at": now()}),
        ):
            credential = SiteCredential.fingerprint == key.public.fingerprint
            session.execute(update(SiteCredential).where(credential).values(**values))
    return {
        (403, "site_not_accepted"): joined(backend, things, "Pending", is_accepted=False),
        (403, "credential_stopped"): stopped,
        (401, "credential_ended"): replaced,
        (401, "request_signature_refused"): SigningKey.generate(),
    }


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every endpoint answers 418 in place of its work."""

    async def reached(**_: Any) -> None:
        raise HTTPException(REACHED)

    monkeypatch.setattr("fastapi.routing.run_endpoint_function", reached)


def answer_of(response: httpx.Response) -> int:
    """The guard's. 422: it let the request in, and the body that this lacks was asked for. 404 in other words than the
    guard's, which denies a thing that is there: a dependency looked for what only a run that trained has."""
    if response.status_code == 404 and not response.json()["detail"].startswith("there is no "):
        return REACHED
    return REACHED if response.status_code == 422 else response.status_code


def operations() -> Iterator[tuple[str, str, str, Permission]]:
    document = openapi_document()
    for path, methods in document["paths"].items():
        for method, entry in methods.items():
            yield path, method, entry["operationId"], Permission(entry["x-permission"])


def test_every_route_answers_every_identity_as_the_matrix_says(
    backend: LiveBackend, things: dict[str, str], identities: list[Identity], stopped: None
) -> None:
    answers: Counter[str] = Counter()
    wrong = []
    values = things | {"user_id": "u" * 16}
    for who in identities:
        backend.platform.rates._storage.reset()  # all ask from one address, and each would use up what is left
        with who.client(backend) as client:
            for path, method, operation, permission in operations():
                names = [name.strip("{}") for name in path.split("/") if name.startswith("{")]
                address = path.format(**{name: values[name] for name in names})
                response = client.request(method, address)
                status, answer = response.status_code, answer_of(response)
                expected = let_in(who, permission, operation, [kind for kind in map(kind_of, names) if kind])
                answers[f"{answer}"] += 1
                if answer != expected:
                    wrong.append(f"{who.name}: {method} {path} ({permission}) -> {status}, expected {expected}")
    assert not wrong, "\n".join(wrong[:40])
    num_routes = len(list(operations()))
    print(f"{num_routes} routes x {len(identities)} identities = {sum(answers.values())} requests: {dict(answers)}")
    assert sum(answers.values()) == num_routes * len(identities) > 2500
    assert min(answers[code] for code in ("401", "403", "404", str(REACHED))) > 100, "each kind of answer is met"


def test_a_hospital_that_may_not_work_is_refused_by_every_route_of_the_worker_api(
    backend: LiveBackend, things: dict[str, str], refused_keys: dict[tuple[int, str], SigningKey], stopped: None
) -> None:
    """The walk above has a credential that is valid and one that was revoked."""
    of_workers = [(path, method) for path, method, _, permission in operations() if permission == Permission.WORK]
    assert len(of_workers) > 15
    for refusal, key in refused_keys.items():
        with hospital("", key).client(backend) as client:
            for path, method in of_workers:
                names = [one.strip("{}") for one in path.split("/") if one.startswith("{")]
                answer = client.request(method, path.format(**{one: things[one] for one in names}))
                error = refusal[1] if method == "head" else answer.json()["error"]
                assert (answer.status_code, error) == refusal, f"{method} {path}"


def test_the_document_lists_every_route() -> None:
    named = {operation for _, _, operation, _ in operations()}
    routers = (*API_ROUTERS, worker_api.router, health.router)
    assert named == {route.name for router in routers for route in router.routes if isinstance(route, APIRoute)}


def test_an_address_names_a_thing_of_a_federation_or_its_route_narrows_its_answer() -> None:
    """Default deny: a new kind of thing has no federation before the table of objects knows it."""
    for router in API_ROUTERS:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            names = set(re.findall(r"{(\w+)}", route.path))
            unknown = {name for name in names if kind_of(name) is None} - OTHER_PARAMETERS
            assert not unknown, f"{route.name}: backend.access.objects does not know {unknown}"
            guard = type(route.dependant.dependencies[0].call).__name__
            permission = permission_of(route)
            if guard == "Require" and permission not in INSTALLATION | {Permission.OWN_ACCOUNT}:
                assert any(map(kind_of, names)), f"{route.name} names nothing of a federation: let it say `Somewhere`"
            if guard == "RequireSomewhere":
                assert not any(map(kind_of, names)), f"{route.name} names a thing: it needs the permission there"
