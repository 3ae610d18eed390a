"""How long a site at work is waited for, and what the estimate of the time left says meanwhile."""

from typing import Any

import pytest
from sqlalchemy import event

from backend.db.models import Run, Task
from backend.db.session import read_only
from backend.runs.waiting import waits_of
from tests.backend.live_backend import LiveBackend
from tests.backend.played_hospitals import SITES, Hospitals
from tests.backend.played_worker import PlayedWorker


@pytest.fixture
def hospitals(backend: LiveBackend, worker: PlayedWorker) -> Hospitals:
    return Hospitals(backend, worker)


def test_a_site_at_work_is_waited_for_by_its_own_speed(hospitals: Hospitals) -> None:
    run_id = hospitals.start(waiting={"absent_minutes": 1, "late_factor": 2})
    hospitals.offline.add("h3")
    hospitals.work()
    hospitals.offline.discard("h3")
    claimed = hospitals.worker.must_claim(hospitals.worker.next_task_id("site.h3") or "")
    for minutes, fraction in ((0.5, 0.005), (9.5, 0.1), (10, 0.2), (10, 0.3)):  # a hundred minutes in all
        hospitals.minutes_pass(minutes)
        assert hospitals.worker.progress(claimed, fraction=fraction).status_code == 200
        assert hospitals.statuses(run_id)["train_site", "h3", 1] == "running"
    for _ in range(16):  # and then it stands still, for more than twice a hundred minutes
        hospitals.minutes_pass(11)
        hospitals.worker.progress(claimed, fraction=0.3)
    hospitals.minutes_pass(1)
    assert hospitals.statuses(run_id)["train_site", "h3", 1] == "failed"
    for _ in range(2):
        assert hospitals.worker.progress(claimed, fraction=0.4).json()["action"] == "stop"
    assert sum("comes too late and is dropped" in message for message in hospitals.warnings(run_id)) == 1


def test_a_slow_site_that_still_loads_and_validates_is_waited_for(hospitals: Hospitals) -> None:
    """The others are done in a moment. h3 has as many cases, has loaded them in a moment too, and then takes an hour to
    validate the first one: of the tenth before the training itself nothing is concluded."""
    run_id = hospitals.start(waiting={"absent_minutes": 5})
    hospitals.offline.add("h3")
    hospitals.work()
    hospitals.offline.discard("h3")
    claimed = hospitals.worker.must_claim(hospitals.worker.next_task_id("site.h3") or "")
    for _ in range(6):
        hospitals.minutes_pass(10)
        assert hospitals.worker.progress(claimed, fraction=0.05).json()["action"] == "continue"
    [wait] = hospitals.run(run_id)["waits_for"]
    assert (wait["participant"], wait["reason"]) == ("h3", "working")
    assert hospitals.worker.progress(claimed, fraction=0.1).json()["action"] == "continue"
    hospitals.minutes_pass(60)
    assert hospitals.worker.complete(claimed).status_code == 204


def test_no_share_for_half_a_day_is_no_work(hospitals: Hospitals) -> None:
    run_id = hospitals.start(waiting={"absent_minutes": 5})
    hospitals.offline.add("h3")
    hospitals.work()
    hospitals.offline.discard("h3")
    hospitals.worker.must_claim(hospitals.worker.next_task_id("site.h3") or "")
    hospitals.minutes_pass(12 * 60 + 1)
    assert hospitals.statuses(run_id)["train_site", "h3", 1] == "failed"


def claimed_late_in_round_2(hospitals: Hospitals, run_id: str) -> dict[str, Any]:
    """h3's task of round 2, claimed when the other sites are done with theirs."""
    while hospitals.run(run_id)["round"] < 2:
        hospitals.beat()
        for name in (*SITES, "coordinator"):
            hospitals.work_one(name)
    hospitals.offline.add("h3")
    hospitals.work()
    hospitals.offline.discard("h3")
    return hospitals.worker.must_claim(hospitals.worker.next_task_id("site.h3") or "")


def test_an_eta_counts_a_late_worker(hospitals: Hospitals) -> None:
    """In the last round: empty while the late one has no speed, then the time that it has."""
    run_id = hospitals.start(schedule={"rounds": 2}, waiting={"absent_minutes": 60})
    claimed = claimed_late_in_round_2(hospitals, run_id)
    hospitals.minutes_pass(1)
    assert hospitals.run(run_id)["eta_seconds"] is None
    assert hospitals.worker.progress(claimed, fraction=0.9).status_code == 200
    hospitals.minutes_pass(1)
    run = hospitals.run(run_id)
    assert run["waits_for"][0]["reason"] == "working"
    assert 3000 < run["eta_seconds"] <= 3600


def test_an_eta_counts_the_wait(hospitals: Hospitals) -> None:
    run_id = hospitals.start(schedule={"rounds": 20})
    while hospitals.run(run_id)["round"] < 2:
        hospitals.beat()
        for name in ("coordinator", *SITES):
            hospitals.work_one(name)
    hospitals.go_offline("h3")
    hospitals.work()
    run = hospitals.run(run_id)
    assert run["waits_for"][0]["goes_on_at"] is not None
    assert run["eta_seconds"] > 200


def test_a_look_at_who_is_waited_for_reads_no_more_than_the_open_tasks(hospitals: Hospitals) -> None:
    """Of a hundred sites that are done it takes the times, and neither their updates nor whole rows."""
    run_id = hospitals.start(waiting={"absent_minutes": 60})
    claimed_late_in_round_2(hospitals, run_id)
    read: list[Task] = []

    def note(task: Task, _context: object) -> None:
        read.append(task)

    event.listen(Task, "load", note)
    try:
        with read_only(hospitals.backend.platform.database) as session:
            [wait] = waits_of(session, session.get_one(Run, run_id))
    finally:
        event.remove(Task, "load", note)
    assert read == [wait.task]
    assert (wait.task.participant, wait.reason) == ("h3", "working")
