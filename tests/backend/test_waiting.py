"""A quorum means: those who are there go on. Played workers, real times, both databases."""

from typing import Any

import pytest

from tests.backend.conftest import make_experiment
from tests.backend.live_backend import LiveBackend
from tests.backend.played_hospitals import SITES, Hospitals
from tests.backend.played_worker import PlayedWorker


@pytest.fixture
def hospitals(backend: LiveBackend, worker: PlayedWorker) -> Hospitals:
    return Hospitals(backend, worker)


def test_a_round_goes_on_without_a_site_that_is_offline_and_says_so(hospitals: Hospitals) -> None:
    hospitals.go_offline("h3")
    run_id = hospitals.start()
    hospitals.work()
    run = hospitals.run(run_id)
    [wait] = run["waits_for"]
    assert (wait["participant"], wait["reason"], wait["round"], wait["needed"]) == ("h3", "offline", 1, False)
    assert wait["goes_on_at"] > wait["since"]
    hospitals.minutes_pass(4)
    assert hospitals.statuses(run_id)["train_site", "h3", 1] == "queued"
    hospitals.minutes_pass(1.1)
    assert hospitals.statuses(run_id)["train_site", "h3", 1] == "failed"
    hospitals.work()
    run = hospitals.run(run_id)
    assert run["round"] == 2
    assert any(
        "round 1 goes on without h3, which is offline since" in message for message in hospitals.warnings(run_id)
    )


def test_who_was_given_up_is_not_waited_for_again_and_joins_when_it_is_back(hospitals: Hospitals) -> None:
    hospitals.go_offline("h3")
    run_id = hospitals.start()
    hospitals.work()
    hospitals.minutes_pass(5.1)
    hospitals.work()
    hospitals.backend.recover()  # round 2 has its quorum: no second wait
    assert hospitals.statuses(run_id)["train_site", "h3", 2] == "failed"
    hospitals.come_back("h3")
    hospitals.work()
    statuses = hospitals.statuses(run_id)
    assert statuses["train_site", "h3", 3] == "completed"
    assert hospitals.run(run_id)["status"] == "completed"
    assert {statuses[kind, "h3", 3] for kind in ("validate_site", "evaluate_site")} == {"completed"}


def test_below_the_quorum_a_run_waits_and_says_for_whom(hospitals: Hospitals) -> None:
    hospitals.go_offline("h2")
    hospitals.go_offline("h3")
    run_id = hospitals.start()
    hospitals.work()
    hospitals.minutes_pass(600)
    run = hospitals.run(run_id)
    assert (run["status"], run["eta_seconds"]) == ("running", None)
    waits = {wait["participant"]: wait for wait in run["waits_for"]}
    assert set(waits) == {"h2", "h3"}
    assert all(wait["needed"] and wait["goes_on_at"] is None for wait in waits.values())
    hospitals.come_back("h2")
    hospitals.work()
    hospitals.minutes_pass(6)
    hospitals.work()
    assert hospitals.run(run_id)["round"] >= 2


def test_a_quorum_out_of_reach_does_not_wait_for_an_absent_site_for_ever(hospitals: Hospitals) -> None:
    hospitals.go_offline("h3")
    hospitals.worker.fail = lambda kind, site, _: "the disk is broken" if (kind, site) == ("train_site", "h1") else None
    run_id = hospitals.start(minimum_sites=3)
    hospitals.work()
    assert hospitals.run(run_id)["status"] == "running"
    hospitals.minutes_pass(6)
    run = hospitals.run(run_id)
    assert run["status"] == "failed"
    assert "the disk is broken" in run["failure"]
    assert "offline since" in run["failure"]


def test_the_tests_go_on_without_a_held_out_site(hospitals: Hospitals) -> None:
    hospitals.go_offline("h3")
    run_id = hospitals.start(held_out_sites=["h3"])
    hospitals.work()
    assert hospitals.run(run_id)["status"] == "evaluating"
    assert [wait["participant"] for wait in hospitals.run(run_id)["waits_for"]]
    hospitals.minutes_pass(6)
    assert hospitals.run(run_id)["status"] == "completed"


def test_the_validation_goes_on_without_a_site_that_left_after_the_last_round(hospitals: Hospitals) -> None:
    run_id = hospitals.start(schedule={"rounds": 1})
    hospitals.offline.add("h3")
    hospitals.work()
    hospitals.offline.discard("h3")
    hospitals.work_one("h3")
    hospitals.go_offline("h3")
    hospitals.work()
    assert hospitals.run(run_id)["status"] == "evaluating"
    hospitals.minutes_pass(6)
    hospitals.work()
    hospitals.backend.recover()
    assert hospitals.run(run_id)["status"] == "completed"
    assert hospitals.statuses(run_id)["validate_site", "h3", 1] == "failed"


def test_early_stopping_does_not_wait_for_ever_for_an_idle_site(
    hospitals: Hospitals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It sits round 1 out and validates the state before it, which early stopping waits for, and goes offline."""

    def all_but_h3(parts: dict[str, str], participants: list[str]) -> dict[str, list[str]]:
        return {name: list(parts) for name in participants if name != "h3"}

    monkeypatch.setattr(hospitals.worker, "_downloads", all_but_h3)
    hospitals.go_offline("h3")
    run_id = hospitals.start(schedule={"rounds": 2, "patience": 1})
    hospitals.work()
    run = hospitals.run(run_id)
    assert (run["round"], [wait["participant"] for wait in run["waits_for"]]) == (1, ["h3"])
    assert hospitals.statuses(run_id)["aggregate_round", "coordinator", 1] == "completed"
    hospitals.minutes_pass(4)
    assert hospitals.run(run_id)["round"] == 1
    hospitals.minutes_pass(1.1)
    assert hospitals.statuses(run_id)["validate_site", "h3", 0] == "failed"
    assert hospitals.run(run_id)["round"] == 2
    assert any("the validation goes on without h3" in message for message in hospitals.warnings(run_id))
    hospitals.come_back("h3")
    hospitals.work()
    assert hospitals.run(run_id)["status"] == "completed"


def test_nobody_is_given_up_while_the_coordinator_is_away(hospitals: Hospitals) -> None:
    hospitals.go_offline("h3")
    run_id = hospitals.start()
    hospitals.work()
    hospitals.go_offline("coordinator")
    hospitals.minutes_pass(60)
    assert hospitals.statuses(run_id)["train_site", "h3", 1] == "queued"


def test_time_in_which_the_backend_was_down_counts_for_nobody(hospitals: Hospitals) -> None:
    run_id = hospitals.start()
    hospitals.offline.add("h3")
    hospitals.work()
    hospitals.grow_older(600)
    hospitals.backend.restart()
    hospitals.beat()  # of all but h3
    hospitals.backend.recover()
    assert hospitals.statuses(run_id)["train_site", "h3", 1] == "queued"
    hospitals.minutes_pass(6)
    assert hospitals.statuses(run_id)["train_site", "h3", 1] == "failed"


def test_what_comes_too_late_is_dropped_and_said_once(hospitals: Hospitals) -> None:
    run_id = hospitals.start(waiting={"absent_minutes": 0, "working_minutes": 2})
    hospitals.offline.add("h3")
    hospitals.work()
    hospitals.offline.discard("h3")
    hospitals.worker.name = "worker-h3"
    claimed = hospitals.worker.must_claim(hospitals.worker.next_task_id("site.h3") or "")
    result = hospitals.worker.work(claimed["payload"])
    hospitals.minutes_pass(3)
    for _ in range(2):
        answer = hospitals.worker.complete(claimed, result)
        assert (answer.status_code, answer.json()["error"]) == (409, "attempt_superseded")
    late = [message for message in hospitals.warnings(run_id) if "comes too late and is dropped" in message]
    assert len(late) == 1
    assert "worker-h3" in late[0]
    hospitals.work()
    run = hospitals.run(run_id)
    assert run["status"] == "completed"
    assert hospitals.statuses(run_id)["train_site", "h3", 2] == "completed"


def test_a_site_goes_on_with_what_it_kept_of_the_last_round_that_used_its_update(hospitals: Hospitals) -> None:
    run_id = hospitals.start(schedule={"rounds": 4}, waiting={"absent_minutes": 5})
    kept: list[tuple[int, int | None]] = []
    original = hospitals.worker.work

    def noting(payload: dict[str, Any]) -> dict[str, Any]:
        if payload["kind"] == "train_site" and payload["participant"] == "h3":
            kept.append((payload["round"], payload["kept_round"]))
        return original(payload)

    hospitals.worker.work = noting  # type: ignore[method-assign]
    while not kept:
        hospitals.beat()
        for name in ("coordinator", *SITES):
            hospitals.work_one(name)
    hospitals.go_offline("h3")
    while hospitals.run(run_id)["round"] < 3:
        hospitals.work()
        hospitals.minutes_pass(6)
    hospitals.come_back("h3")
    hospitals.work()
    assert kept == [(1, 0), (4, 1)]


def test_simulated_sites_that_wait_their_turn_are_never_absent(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    """One worker for three sites, a quorum of one, and no patience at all."""
    beat = {"worker": worker.name, "queues": ["coordinator", "simulated"], "hardware": "played", "num_processes": 1}
    backend.worker.post("/worker-api/v1/heartbeat", json=beat)
    experiment = make_experiment(backend, federation, minimum_sites=1, waiting={"absent_minutes": 0})
    run_id = backend.post(f"/experiments/{experiment['id']}/start")["runs"][0]["id"]
    while worker.work_one("coordinator") or worker.work_one("simulated"):
        backend.recover()
    run = backend.get(f"/runs/{run_id}")
    assert run["status"] == "completed"
    assert {task["status"] for task in backend.get(f"/runs/{run_id}/tasks")} == {"completed"}


def test_a_rerun_of_an_absent_site_waits_for_it_anew(hospitals: Hospitals) -> None:
    hospitals.go_offline("h3")
    run_id = hospitals.start(minimum_sites=2)
    hospitals.work()
    hospitals.minutes_pass(5.1)  # given up; the aggregation is queued and not begun
    tasks = hospitals.backend.get(f"/runs/{run_id}/tasks")
    lost = next(task for task in tasks if task["participant"] == "h3" and task["status"] == "failed")
    hospitals.backend.post(f"/runs/{run_id}/tasks/{lost['id']}/rerun")
    hospitals.backend.recover()
    assert hospitals.statuses(run_id)["train_site", "h3", 1] == "queued"
    hospitals.come_back("h3")
    hospitals.work()
    assert hospitals.statuses(run_id)["train_site", "h3", 1] == "completed"
    assert hospitals.run(run_id)["status"] == "completed"


def test_the_same_absences_give_the_same_state(hospitals: Hospitals) -> None:
    def states() -> list[Any]:
        run_id = hospitals.start(seeds=[7])
        hospitals.work()
        hospitals.minutes_pass(6)
        hospitals.work()
        hospitals.backend.recover()
        hospitals.work()
        hospitals.come_back("h3")
        hospitals.work()
        assert hospitals.run(run_id)["status"] == "completed"
        rounds = hospitals.backend.get(f"/runs/{run_id}/rounds")
        return [(state["round"], part["name"], part["sha256"]) for state in rounds for part in state["parts"]]

    hospitals.go_offline("h3")
    first = states()
    hospitals.go_offline("h3")
    assert states() == first


def test_a_worker_all_of_whose_processes_hang_is_not_online(hospitals: Hospitals) -> None:
    def state_of(name: str) -> str:
        sites = hospitals.backend.get(f"/federations/{hospitals.federation['id']}")["sites"]
        return str(next(site["state"] for site in sites if site["slug"] == name))

    def beat(num_hung: int) -> None:
        body = {"worker": "worker-h1", "queues": ["site.h1"], "hardware": "played", "num_processes": 2}
        hospitals.backend.worker.post("/worker-api/v1/heartbeat", json=body | {"num_hung": num_hung})

    beat(1)
    assert state_of("h1") == "online"
    beat(2)
    assert state_of("h1") == "offline"
    said = [event["message"] for event in hospitals.backend.get("/events", level="warning")]
    assert sum("all 2 processes of the worker worker-h1 hang" in message.lower() for message in said) == 1
    beat(2)
    beat(0)
    assert state_of("h1") == "online"
