"""Editing and archiving sites and federations, and what a site's policy forbids."""

from datetime import UTC, datetime
from typing import Any

import pytest
from typer.testing import CliRunner

from backend.contracts.datasets import SitePolicy
from backend.db.models import Site, Worker
from backend.sites.unserved import unserved_by
from fedsm.cli.app import app
from tests.backend.conftest import DISC, make_experiment, start_run
from tests.backend.live_backend import ADMIN_TOKEN, LiveBackend
from tests.backend.played_worker import PlayedWorker


def patch(backend: LiveBackend, path: str, **body: Any) -> dict[str, Any]:
    response = backend.admin.patch(f"/api/v1{path}", json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def messages(backend: LiveBackend) -> list[str]:
    return [event["message"] for event in backend.get("/events")]


def test_a_site_is_described_and_the_change_recorded(backend: LiveBackend, federation: dict[str, Any]) -> None:
    site = backend.get(f"/federations/{federation['id']}")["sites"][0]
    changed = patch(backend, f"/sites/{site['id']}", name="Aster", description=" Eye clinic ", contact="desk@a.test")
    assert (changed["name"], changed["description"], changed["contact"]) == ("Aster", "Eye clinic", "desk@a.test")
    assert changed["slug"] == "a"
    assert backend.get(f"/sites/{site['id']}") == changed
    assert messages(backend)[-3:] == [
        "admin renamed the site a to Aster.",
        'admin changed the description of Aster from nothing to "Eye clinic".',
        'admin changed the contact of Aster from nothing to "desk@a.test".',
    ]


def test_an_archived_site_is_left_out_of_new_experiments_and_statistics(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    before = start_run(backend, federation)
    a = backend.get(f"/federations/{federation['id']}")["sites"][0]["id"]
    assert patch(backend, f"/sites/{a}", archived=True)["archived_at"] is not None
    after = start_run(backend, federation)
    worker.work_until_idle()
    assert {run["status"] for run in (backend.get(f"/runs/{before}"), backend.get(f"/runs/{after}"))} == {"completed"}
    trained = {run: {task["participant"] for task in backend.get(f"/runs/{run}/tasks") if task["kind"] == "train_site"}
               for run in (before, after)}  # fmt: skip
    assert trained == {before: {"a", "b", "c"}, after: {"b", "c"}}
    statistics = backend.get(f"/federations/{federation['id']}/statistics")
    assert [site["site_slug"] for site in statistics["sites"]] == ["b", "c"]
    refused = backend.admin.post(f"/api/v1/sites/{a}/datasets", json={"name": "New", "folder": "/data/new"})
    assert (refused.status_code, "restore it first" in refused.json()["detail"]) == (409, True)
    assert patch(backend, f"/sites/{a}", archived=False)["archived_at"] is None
    assert messages(backend)[-1] == "admin restored the site a."


def test_a_site_says_whether_a_worker_ever_came_and_how_to_start_one(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    """The same sentence at the site and at its data set, and gone as soon as a worker is there."""
    real = backend.post(f"/federations/{federation['id']}/sites", {"name": "Hospital", "kind": "real"})
    dataset = backend.post(f"/sites/{real['id']}/datasets", {"name": "Fundus", "folder": "/data/h"})
    words = real["unserved"]
    assert words.startswith("No worker of Hospital has ever connected. Start one at Hospital")
    assert words.endswith("fedsm site up (kit: fedsm site invite hospital)")
    assert backend.get(f"/datasets/{dataset['id']}")["waits_for"] == words
    environment = {"FEDSM_SERVER": backend.url, "FEDSM_TOKEN": ADMIN_TOKEN, "COLUMNS": "300"}
    listed = CliRunner().invoke(app, ["federation", "sites"], env=environment)
    assert words in listed.stdout
    assert "simulated on this machine" in listed.stdout
    heartbeat = {"worker": "w", "queues": ["site.hospital"], "hardware": "2 CPU cores", "num_processes": 2}
    assert backend.worker.post("/worker-api/v1/heartbeat", json=heartbeat).status_code == 204
    assert backend.get(f"/sites/{real['id']}")["unserved"] is None
    assert backend.get(f"/datasets/{dataset['id']}")["waits_for"] is None


def test_a_worker_that_is_gone_is_said_with_the_time() -> None:
    site = Site(kind="real", slug="hospital", name="Hospital")
    gone = Worker(queues=["site.hospital"], online=False, last_seen_at=datetime(2026, 3, 4, 5, 6, tzinfo=UTC))
    assert unserved_by([gone], site) == (
        "The worker of Hospital has been offline since 2026-03-04 05:06 UTC. Start one at Hospital, where its images "
        "are: fedsm site up (kit: fedsm site invite hospital)"
    )
    simulated = Site(kind="simulated", slug="a", name="A")
    words = "No worker for simulated sites has ever connected. Start one on this machine: fedsm worker"
    assert unserved_by([gone], simulated) == words


def test_a_real_site_begins_closed_and_a_change_of_its_policy_is_written_out(
    backend: LiveBackend, federation: dict[str, Any]
) -> None:
    real = backend.post(f"/federations/{federation['id']}/sites", {"name": "Hospital", "kind": "real"})
    policy = real["policy"]
    assert [may for field, may in policy.items() if field.startswith("may_send")] == [False] * 4
    patch(backend, f"/sites/{real['id']}", policy=policy | {"may_send_hashes": True, "minimum_count": 5})
    assert messages(backend)[-1] == (
        "admin changed the policy of Hospital: hashes of images may leave from now on; statistics tell no count below "
        "5, before below 10."
    )
    body = {"name": "Open", "kind": "real", "policy": {"may_send_images": True}}
    assert backend.post(f"/federations/{federation['id']}/sites", body)["policy"]["may_send_images"] is True


def test_a_method_that_a_site_does_not_allow_is_refused(backend: LiveBackend, federation: dict[str, Any]) -> None:
    """Until it is allowed again, or the site is held out; also where the policy was tightened before the start."""
    made = make_experiment(backend, federation)
    a = backend.get(f"/federations/{federation['id']}")["sites"][0]["id"]
    policy = patch(backend, f"/sites/{a}", policy={"allowed_strategies": ["fedsm"]})["policy"]
    assert policy["allowed_strategies"] == ["fedsm"]
    config = {"schedule": {"rounds": 2}, "strategies": [{"name": "fedavg"}]}
    body = {"name": "Try", "config": config}
    refused = backend.admin.post(f"/api/v1/federations/{federation['id']}/experiments", json=body)
    assert refused.status_code == 422
    (problem,) = refused.json()["fields"]
    assert (problem["field"], problem["value"]) == ("strategies.0.name", "fedavg")
    assert problem["message"] == "may not run at a: the policy there does not allow it"
    assert backend.admin.post(f"/api/v1/experiments/{made['id']}/start").status_code == 422
    body["config"] = config | {"held_out_sites": ["a"]}
    assert backend.admin.post(f"/api/v1/federations/{federation['id']}/experiments", json=body).status_code == 201


def test_a_policy_that_allows_no_method_is_refused(backend: LiveBackend, federation: dict[str, Any]) -> None:
    a = backend.get(f"/federations/{federation['id']}")["sites"][0]["id"]
    response = backend.admin.patch(f"/api/v1/sites/{a}", json={"policy": {"allowed_strategies": []}})
    assert response.status_code == 422
    assert "name at least one method" in response.text


@pytest.mark.parametrize("images", [True, False])
def test_a_policy_of_one_switch_for_pictures_is_that_of_all_three(images: bool) -> None:
    policy = SitePolicy.model_validate({"may_send_images": images})
    assert (policy.may_send_thumbnails, policy.may_send_predictions) == (images, images)
    assert SitePolicy.model_validate({"may_send_images": False, "may_send_thumbnails": True}).may_send_thumbnails


def test_policies_reach_the_worker_and_hide_thumbnails_at_once(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    a = backend.get(f"/federations/{federation['id']}")["sites"][0]["id"]
    (dataset, *_) = backend.get(f"/federations/{federation['id']}/datasets")
    cases = backend.get(f"/datasets/{dataset['id']}/cases", used=True)
    assert all(case["thumbnail_url"] for case in cases)
    patch(backend, f"/sites/{a}", policy={"may_send_thumbnails": False, "may_send_predictions": False})
    assert backend.get(f"/datasets/{dataset['id']}")["may_send_thumbnails"] is False
    assert not any(case["thumbnail_url"] for case in backend.get(f"/datasets/{dataset['id']}/cases"))
    backend.post(f"/datasets/{dataset['id']}/check")
    task_id = worker.next_task_id("simulated")
    assert task_id is not None
    claimed = worker.must_claim(task_id)
    assert claimed["payload"]["may_send_thumbnails"] is False
    worker.complete(claimed)
    start_run(backend, federation)
    sent = {}
    while (task_id := worker.next_task_id("coordinator") or worker.next_task_id("simulated")) is not None:
        claimed = worker.must_claim(task_id)
        if claimed["payload"]["kind"] == "train_site":
            (manifest,) = claimed["payload"]["data"]
            sent[manifest["site"]] = (manifest["may_send_images"], manifest["may_send_predictions"])
        worker.complete(claimed)
    assert sent == {"a": (True, False), "b": (True, True), "c": (True, True)}


def test_what_a_site_is_doing_is_told(backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]) -> None:
    heartbeat = {"worker": "w", "queues": ["simulated"], "hardware": "2 CPU cores", "num_processes": 2}
    assert backend.worker.post("/worker-api/v1/heartbeat", json=heartbeat).status_code == 204
    (dataset, *_) = backend.get(f"/federations/{federation['id']}/datasets")
    backend.post(f"/datasets/{dataset['id']}/check")
    task_id = worker.next_task_id("simulated")
    assert task_id is not None
    worker.progress(worker.must_claim(task_id))
    first, second, _ = backend.get(f"/federations/{federation['id']}")["sites"]
    assert (first["state"], second["state"]) == ("busy", "online")
    (task,) = first["tasks"]
    assert (task["kind"], task["fraction"], task["dataset_id"]) == ("describe_dataset", 0.5, dataset["id"])
    assert second["tasks"] == []
    assert second["hardware"] == "2 CPU cores"
    assert backend.get(f"/datasets/{dataset['id']}")["check_fraction"] == 0.5


def test_a_federation_is_archived_restored_and_deleted_when_empty(
    backend: LiveBackend, federation: dict[str, Any]
) -> None:
    path = f"/federations/{federation['id']}"
    assert patch(backend, path, archived=True)["archived_at"] is not None
    assert patch(backend, path, archived=False)["archived_at"] is None
    assert messages(backend)[-2:] == ["admin archived the federation Eyes.", "admin restored the federation Eyes."]
    refused = backend.admin.delete(f"/api/v1{path}")
    assert refused.status_code == 409
    assert "3 data set(s) and 0 experiment(s)" in refused.json()["detail"]
    empty = backend.post("/federations", {"name": "Empty", "task": DISC})
    backend.post(f"/federations/{empty['id']}/sites", {"name": "Alone"})
    assert backend.admin.delete(f"/api/v1/federations/{empty['id']}").status_code == 204
    assert backend.admin.get(f"/api/v1/federations/{empty['id']}").status_code == 404
    assert [entry["name"] for entry in backend.get("/federations")] == ["Eyes"]


def test_running_experiments_are_counted(backend: LiveBackend, federation: dict[str, Any]) -> None:
    make_experiment(backend, federation)
    start_run(backend, federation)
    record = backend.get(f"/federations/{federation['id']}")
    assert (record["num_experiments"], record["num_running"]) == (2, 1)
