"""Sites that fail in mid-round, with a quorum and without."""

from typing import Any

from tests.backend.conftest import start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker


def test_round_goes_on_without_a_failed_site_and_the_next_includes_it(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    failing = ("train_site", "b", 1)
    worker.fail = lambda *key: "cannot read images/x.png" if key == failing else None
    run_id = start_run(backend, federation, minimum_sites=2)
    worker.work_until_idle()
    assert backend.get(f"/runs/{run_id}")["status"] == "completed"
    tasks = {(t["kind"], t["participant"], t["round"]): t["status"] for t in backend.get(f"/runs/{run_id}/tasks")}
    assert tasks[failing] == "failed"
    assert tasks["train_site", "b", 2] == "completed"
    warnings = [event for event in backend.get(f"/runs/{run_id}/events") if event["level"] == "warning"]
    assert len(warnings) == 1
    assert (warnings[0]["site_slug"], warnings[0]["round"]) == ("b", 1)
    assert "round 1 goes on without b" in warnings[0]["message"]
    assert "cannot read images/x.png" in warnings[0]["message"]


def test_below_quorum_the_run_fails_with_a_cause_and_resumes(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    worker.fail = lambda *key: "folder /data/b is missing" if key == ("train_site", "b", 2) else None
    run_id = start_run(backend, federation, minimum_sites=3)
    worker.work_until_idle()
    run = backend.get(f"/runs/{run_id}")
    assert run["status"] == "failed"
    task = next(task for task in backend.get(f"/runs/{run_id}/tasks") if task["status"] == "failed")
    assert run["failure"] == (
        "Round 2 has results of 2 of 3 site(s) and needs 3. b could not train: folder /data/b is missing "
        f"(site b, round 2, task {task['id']}). "
        "Mend the cause, then resume the run: it goes on from its last finished round."
    )
    first_state = backend.get(f"/runs/{run_id}/rounds/1")

    worker.fail = lambda *_key: None
    worker.done.clear()
    resumed = backend.post(f"/runs/{run_id}/resume")
    assert (resumed["status"], resumed["failure"]) == ("running", None)
    worker.work_until_idle()
    assert backend.get(f"/runs/{run_id}")["status"] == "completed"
    trainings = [key for key in worker.done if key[0] == "train_site"]
    assert trainings == [("train_site", "b", 2)], "what the others did in the broken round is kept"
    assert backend.get(f"/runs/{run_id}/rounds/1") == first_state


def test_refused_update_counts_as_a_failed_site(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    worker.refuse = {"c": "tensor model.0.weight holds NaN"}
    run_id = start_run(backend, federation, minimum_sites=3)
    worker.work_until_idle()
    run = backend.get(f"/runs/{run_id}")
    assert run["status"] == "failed"
    assert "tensor model.0.weight holds NaN" in run["failure"]
    worker.refuse = {}
    backend.post(f"/runs/{run_id}/resume")
    worker.work_until_idle()
    assert backend.get(f"/runs/{run_id}")["status"] == "completed"


def test_refused_update_is_a_warning_where_the_quorum_allows(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    worker.refuse = {"c": "tensor model.0.weight holds NaN"}
    run_id = start_run(backend, federation, minimum_sites=2, schedule={"rounds": 1})
    worker.work_until_idle()
    assert backend.get(f"/runs/{run_id}")["status"] == "completed"
    task = next(
        t for t in backend.get(f"/runs/{run_id}/tasks") if t["kind"] == "train_site" and t["status"] == "failed"
    )
    assert task["participant"] == "c"
    assert "NaN" in task["error"]


def test_failed_initialization_says_why(backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker) -> None:
    worker.fail = lambda kind, *_rest: "no space left on the device" if kind == "initialize_run" else None
    run_id = start_run(backend, federation)
    worker.work_until_idle()
    run = backend.get(f"/runs/{run_id}")
    assert run["status"] == "failed"
    assert "could not be initialized: no space left on the device" in run["failure"]
    worker.fail = lambda *_key: None
    assert backend.post(f"/runs/{run_id}/resume")["status"] == "queued"
    worker.work_until_idle()
    assert backend.get(f"/runs/{run_id}")["status"] == "completed"


def test_failed_evaluation_resumes_at_the_evaluation(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    worker.fail = lambda kind, *_rest: "out of memory" if kind == "evaluate_site" else None
    run_id = start_run(backend, federation)
    worker.work_until_idle()
    assert backend.get(f"/runs/{run_id}")["status"] == "failed"
    worker.fail = lambda *_key: None
    worker.done.clear()
    assert backend.post(f"/runs/{run_id}/resume")["status"] == "evaluating"
    worker.work_until_idle()
    assert backend.get(f"/runs/{run_id}")["status"] == "completed"
    assert {kind for kind, _participant, _round in worker.done} == {"evaluate_site"}


def test_failed_check_says_why_and_can_be_repeated(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    site = federation["id"]
    first = backend.get(f"/federations/{site}")["sites"][0]
    worker.fail = lambda *_key: "the folder /nowhere does not exist"
    dataset = backend.post(f"/sites/{first['id']}/datasets", {"name": "Lost", "folder": "/nowhere"})
    worker.work_until_idle()
    found = backend.get(f"/datasets/{dataset['id']}")
    assert (found["status"], found["error"]) == ("failed", "the folder /nowhere does not exist")
    worker.fail = lambda *_key: None
    backend.post(f"/datasets/{dataset['id']}/check")
    worker.work_until_idle()
    assert backend.get(f"/datasets/{dataset['id']}")["status"] == "ready"


def test_a_site_goes_on_from_its_last_update_that_was_used(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    """Round 1 refuses the update of c: what c kept of it is not what it begins round 2 with."""
    worker.refuse = {"c": "tensor model.0.weight holds NaN"}
    start_run(backend, federation, minimum_sites=2)
    worker.work_one("coordinator")
    for _ in "abc":
        worker.work_one("simulated")
    worker.work_one("coordinator")
    claimed = [worker.must_claim(task_id)["payload"] for task_id in worker.task_ids("simulated")]
    kept = {payload["participant"]: (payload["round"], payload["kept_round"]) for payload in claimed}
    assert kept == {"a": (2, 1), "b": (2, 1), "c": (2, 0)}
