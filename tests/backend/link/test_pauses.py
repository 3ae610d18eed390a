"""A hospital whose policy lets work of runs wait is like one that is offline by its own choice: others go on."""

from typing import Any

import pytest

from fedsm.site_agent.policy import HospitalPolicy
from tests.backend.conftest import start_run
from tests.backend.link.played_site import PlayedSite
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker

PAUSE = {"line": "hours", "said": "trains mon-fri 19:00-06:00 CET", "until": "2030-01-01T18:00:00Z"}


@pytest.fixture
def run_id(backend: LiveBackend, worker: PlayedWorker, hospitals: dict[str, Any], sites: dict[str, PlayedSite]) -> str:
    """Round 1 is open, both have approved, and north pauses. The run goes on with one site."""
    waiting = {"absent_minutes": 0}
    started = start_run(backend, hospitals, strategies=[{"name": "fedavg"}], minimum_sites=1, waiting=waiting)
    worker.work_until_idle()
    for site in sites.values():
        site.poll()
        site.decide(started, "approved")
    assert sites["north"].poll(pause=PAUSE).json()["tasks"] == []
    return started


def test_a_run_says_why_it_waits_and_goes_on_without_the_site(
    backend: LiveBackend, worker: PlayedWorker, hospitals: dict[str, Any], sites: dict[str, PlayedSite], run_id: str
) -> None:
    [wait] = [one for one in backend.get(f"/runs/{run_id}")["waits_for"] if one["participant"] == "north"]
    assert (wait["reason"], wait["pause"]) == ("paused", PAUSE)
    [link] = [site["link"] for site in backend.get("/federations")[0]["sites"] if site["slug"] == "north"]
    assert link["pause"] == PAUSE
    coordinator = {"worker": "hub", "queues": ["coordinator"], "hardware": "played", "num_processes": 1}
    assert backend.worker.post("/worker-api/v1/heartbeat", json=coordinator).status_code == 204
    assert sites["south"].work_one("south")
    backend.recover()
    [task] = [
        one
        for one in backend.get(f"/runs/{run_id}/tasks")
        if (one["kind"], one["participant"], one["round"]) == ("train_site", "north", 1)
    ]
    assert task["failure_kind"] == "site_absent"
    said = [event["message"] for event in backend.get(f"/runs/{run_id}/events", level="warning")]
    assert any("because its policy trains mon-fri 19:00-06:00 CET (hours)" in message for message in said), said
    worker.work_until_idle()
    assert sites["north"].poll(pause=None).json()["tasks"], "it takes part again in the next round"
    assert backend.get("/federations")[0]["sites"][0]["link"]["pause"] is None


def test_people_see_what_the_site_itself_allows(backend: LiveBackend, sites: dict[str, PlayedSite]) -> None:
    def shown() -> Any:
        return backend.get(f"/sites/{sites['north'].site['id']}")["link"]["own_policy"]

    assert shown() is None, "an older agent says nothing"
    own = HospitalPolicy(allowed_strategies=("fedavg",), allowed_federations=("Others",), may_send_thumbnails=True)
    assert sites["north"].poll(policy=own.said_to("Hospitals").model_dump(mode="json")).status_code == 200
    assert shown() == {
        "methods": ["fedavg"],
        "allows_federation": False,
        "approves_by_rule": False,
        "minimum_training_cases": 1,
        "minimum_scored_cases": 5,
        "leaves": ["thumbnails"],
    }
    sites["north"].poll(policy=None)
    assert shown() is None, "its file cannot be read any more"


def test_checks_of_data_and_runs_that_the_site_has_begun_are_handed_out(
    backend: LiveBackend, sites: dict[str, PlayedSite], run_id: str
) -> None:
    north = sites["north"]
    [training] = north.poll(pause=PAUSE | {"line": "maximum_runs", "open_runs": [run_id]}).json()["tasks"]
    backend.post(f"/sites/{north.site['id']}/datasets", {"name": "More", "folder": "/data/more"})
    [check] = north.poll(pause=PAUSE).json()["tasks"]
    assert check != training


def test_a_task_that_is_given_back_says_the_policys_line_and_stays_whole(
    backend: LiveBackend, sites: dict[str, PlayedSite], run_id: str
) -> None:
    north = sites["north"]
    [task_id] = north.poll(pause=None).json()["tasks"]
    attempt = north.claim(task_id).json()["attempt"]
    why = "policy.yaml of the site, hours: the site trains mon-fri 19:00-06:00 CET"
    body = {"attempt": attempt, "kind": "site_refused", "message": why, "released": True}
    assert north.client.post(f"/worker-api/v1/tasks/{task_id}/fail", json=body).status_code == 204
    said = [event["message"] for event in backend.get(f"/runs/{run_id}/events")]
    assert any(message.endswith(f"was given back by north/workstation: {why}") for message in said), said
    assert north.poll(pause=PAUSE).json()["tasks"] == []
    assert north.poll(pause=None).json()["tasks"] == [task_id]
