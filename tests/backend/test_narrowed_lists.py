"""What names no federation in its address: the answer holds what the caller may see, and nothing else."""

from typing import Any

import httpx
import pytest
import redis

from tests.backend.conftest import make_experiment, start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.people import Person, make_person
from tests.backend.played_worker import PlayedWorker
from tests.backend.test_withdrawn_policy import SendingWorker

pytestmark = pytest.mark.every_database

TASK = {"modality": "x", "num_channels": 1, "structures": [{"name": "disc", "label_values": [1]}]}


@pytest.fixture
def elsewhere(backend: LiveBackend) -> dict[str, Any]:
    """A second federation."""
    federation: dict[str, Any] = backend.post("/federations", {"name": "Elsewhere", "task": TASK})
    return federation


@pytest.fixture
def here(backend: LiveBackend, federation: dict[str, Any], elsewhere: dict[str, Any]) -> Person:
    """The coordinator of the first."""
    return make_person(backend, "jo", federation["id"], "coordinator")


@pytest.fixture
def there(backend: LiveBackend, elsewhere: dict[str, Any]) -> Person:
    return make_person(backend, "sam", elsewhere["id"], "coordinator")


def test_lists_hold_what_the_caller_may_see(
    backend: LiveBackend, federation: dict[str, Any], elsewhere: dict[str, Any], here: Person, there: Person
) -> None:
    assert [row["id"] for row in here.get("/federations")] == [federation["id"]]
    assert [row["id"] for row in there.get("/federations")] == [elsewhere["id"]]
    assert [row["name"] for row in here.get("/users")] == ["jo"]
    assert [row["name"] for row in backend.get("/users")] == ["jo", "sam"]
    assert {row["federation_id"] for row in here.get("/events")} == {federation["id"]}
    assert {row["federation_id"] for row in there.get("/events")} == {elsewhere["id"]}
    assert there.get("/events", federation_id=federation["id"]) == []
    assert "Eyes" not in there.request("GET", "/events.csv").text
    assert "Eyes" not in there.request("GET", "/events.txt").text
    assert {None, federation["id"], elsewhere["id"]} == {row["federation_id"] for row in backend.get("/events")}
    backend.post(f"/federations/{federation['id']}/invitations", {"label": "Kim", "role": "reader"})
    assert [row["label"] for row in here.get("/invitations")] == ["Kim"]
    assert there.get("/invitations") == []


def test_a_stream_holds_what_the_caller_may_see(
    backend: LiveBackend, federation: dict[str, Any], elsewhere: dict[str, Any], there: Person
) -> None:
    backend.admin.patch(f"/api/v1/federations/{federation['id']}", json={"description": "not for Sam"})
    backend.admin.patch(f"/api/v1/federations/{elsewhere['id']}", json={"description": "for Sam"})
    with there.http.stream("GET", "/api/v1/events/stream", params={"after": 0}) as stream:
        for line in stream.iter_lines():
            assert "Eyes" not in line
            if "for Sam" in line:
                return
    pytest.fail("the stream ended without the change of the caller's own federation")


def test_a_stream_ends_soon_after_its_credential(
    backend: LiveBackend, here: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.events.endpoints.PING_SECONDS", 0.1)
    token = here.token()
    (row,) = here.get("/tokens")
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.stream("GET", f"{backend.url}/api/v1/events/stream", headers=headers, timeout=60) as stream:
        assert here.request("DELETE", f"/tokens/{row['id']}").status_code == 204
        for _ in stream.iter_lines():
            pass
    with here.http.stream("GET", "/api/v1/events/stream") as stream:
        backend.admin.delete(f"/api/v1/users/{here.id}")
        for _ in stream.iter_lines():
            pass


def test_what_a_body_names_is_asked_for_too(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any], elsewhere: dict[str, Any], there: Person
) -> None:
    """Of another federation: the run that an experiment begins with, the data of a test, the cases of a pair."""
    run_id = start_run(backend, federation)
    worker.work_until_idle()
    config = {"strategies": [{"name": "fedavg"}], "start_from": {"run": run_id, "models": "global"}}
    for path in ("experiments/check", "experiments", "dry-runs"):
        body = {"config": config} | ({"name": "E"} if path == "experiments" else {})
        refused = there.request("POST", f"/federations/{elsewhere['id']}/{path}", json=body)
        assert (refused.status_code, refused.json()["detail"]) == (404, f"there is no run {run_id!r}"), path
    config["start_from"] = {"version": "fundus:1"}
    body = {"name": "E", "config": config, "axes": [{"path": "start_from.run", "values": [run_id]}]}
    refused = there.request("POST", f"/federations/{elsewhere['id']}/experiments/sweep", json=body)
    assert (refused.status_code, refused.json()["detail"]) == (404, f"there is no run {run_id!r}"), "of an axis"
    (dataset, *_) = backend.get(f"/federations/{federation['id']}/datasets")
    (first, second, *_) = backend.get(f"/datasets/{dataset['id']}/cases")
    pair = {"first_case_id": first["id"], "second_case_id": second["id"], "decision": "same_patient"}
    assert there.request("POST", "/alike/decisions", json=pair).status_code == 404
    sites = backend.get(f"/federations/{federation['id']}")["sites"]
    manager = make_person(backend, "kim", federation["id"], "site_manager", sites[2]["id"])
    assert manager.request("POST", "/alike/decisions", json=pair).status_code == 403, "of another site"
    mine = make_person(backend, "lou", federation["id"], "site_manager", sites[0]["id"])
    assert mine.request("POST", "/alike/decisions", json=pair).status_code == 200
    both = make_person(backend, "max", elsewhere["id"], "coordinator")
    backend.admin.put(f"/api/v1/federations/{federation['id']}/members/{both.id}", json={"role": "reader"})
    test = {"name": "T", "datasets": [dataset["id"]]}
    assert both.request("POST", f"/runs/{run_id}/tests", json=test).status_code == 403


def test_an_artifact_is_shown_to_those_who_may_see_what_owns_it(
    backend: LiveBackend, broker: redis.Redis, federation: dict[str, Any], there: Person
) -> None:
    run_id = start_run(backend, federation)
    SendingWorker(backend.worker, broker).work_until_idle()
    site_id, other_id, _ = (site["id"] for site in backend.get(f"/federations/{federation['id']}")["sites"])
    people = {
        role: make_person(backend, f"the-{role}", federation["id"], role)
        for role in ("coordinator", "researcher", "reader")
    }
    people["own site"] = make_person(backend, "own", federation["id"], "site_manager", site_id)
    people["wrong site"] = make_person(backend, "wrong", federation["id"], "site_manager", other_id)
    people["wrong federation"] = there
    (dataset, *_) = backend.get(f"/federations/{federation['id']}/datasets")
    assert dataset["site_id"] == site_id
    thumbnail = next(case["thumbnail_url"] for case in backend.get(f"/datasets/{dataset['id']}/cases", used=True))
    picture = backend.get(f"/runs/{run_id}/cases")["cases"][0]["image_url"]
    weights = backend.get(f"/runs/{run_id}/rounds")[-1]["parts"][0]["url"]
    expected = {
        thumbnail: {"coordinator", "researcher", "own site"},
        picture: {"coordinator", "researcher", "reader", "own site", "wrong site"},
        weights: {"coordinator", "researcher"},
    }
    for url, seen_by in expected.items():
        assert url is not None
        for name, person in people.items():
            response = person.http.get(url)
            assert response.status_code == (200 if name in seen_by else 404), (name, url)
            if name in seen_by:
                again = person.http.get(url, headers={"If-None-Match": response.headers["etag"]})
                assert (again.status_code, again.headers["cache-control"]) == (304, "private, no-cache")
    assert httpx.get(backend.url + thumbnail).status_code == 401


def test_a_role_that_is_taken_away_ends_at_once(backend: LiveBackend, federation: dict[str, Any], here: Person) -> None:
    experiment = make_experiment(backend, federation)
    assert here.request("GET", f"/experiments/{experiment['id']}").status_code == 200
    assert backend.admin.delete(f"/api/v1/federations/{federation['id']}/members/{here.id}").status_code == 204
    hidden = here.request("GET", f"/experiments/{experiment['id']}")
    unknown = here.request("GET", f"/experiments/{'0' * 16}")
    assert (hidden.status_code, unknown.status_code) == (404, 404)
    words = hidden.json()["detail"].replace(experiment["id"], "0" * 16)
    assert words == unknown.json()["detail"], "nobody learns what there is elsewhere"
    assert here.get("/federations") == []
