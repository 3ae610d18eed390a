"""One site's failed task sent again: while it counts, and why not once it does not."""

from typing import Any

from tests.backend.conftest import start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker

FOLDER_GONE = "/data/b: No such file or directory"


def tasks_by_key(backend: LiveBackend, run_id: str) -> dict[tuple[str, str, int], dict[str, Any]]:
    return {(t["kind"], t["participant"], t["round"]): t for t in backend.get(f"/runs/{run_id}/tasks")}


def hashes(backend: LiveBackend, run_id: str) -> list[str]:
    return [part["sha256"] for state in backend.get(f"/runs/{run_id}/rounds") for part in state["parts"]]


def refusal(backend: LiveBackend, run_id: str, task_id: str) -> str:
    response = backend.admin.post(f"/api/v1/runs/{run_id}/tasks/{task_id}/rerun")
    assert (response.status_code, response.json()["error"]) == (409, "rerun_not_possible")
    detail = str(response.json()["detail"])
    assert backend.get(f"/runs/{run_id}/tasks/{task_id}")["rerun_problem"] == detail
    return detail


def test_a_failed_run_goes_on_with_the_rerun_site_to_the_same_bits(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    worker.fail = lambda *key: FOLDER_GONE if key == ("train_site", "b", 2) else None
    run_id = start_run(backend, federation, minimum_sites=3)
    worker.work_until_idle()
    run = backend.get(f"/runs/{run_id}")
    assert run["status"] == "failed"
    [failure] = run["failures"]
    task = tasks_by_key(backend, run_id)["train_site", "b", 2]
    assert (failure["participant"], failure["round"], failure["task_id"]) == ("b", 2, task["id"])
    assert (failure["cause"], failure["kind"], failure["attempt"]) == (FOLDER_GONE, "unexpected", 1)
    assert failure["remedy"]
    detail = backend.get(f"/runs/{run_id}/tasks/{task['id']}")
    assert detail["detail"] == "Traceback ..."
    assert detail["rerun_problem"] is None

    worker.fail = lambda *_key: None
    worker.done.clear()
    for _ in range(2):  # a second click changes nothing
        assert backend.post(f"/runs/{run_id}/tasks/{task['id']}/rerun")["status"] == "queued"
    run = backend.get(f"/runs/{run_id}")
    assert (run["status"], run["failure"], run["failures"]) == ("running", None, [])
    worker.work_until_idle()
    assert backend.get(f"/runs/{run_id}")["status"] == "completed"
    assert [key for key in worker.done if key[0] == "train_site"] == [("train_site", "b", 2)]
    assert backend.get(f"/runs/{run_id}/tasks/{task['id']}")["failure"] is None

    undisturbed = start_run(backend, federation, minimum_sites=3)
    worker.work_until_idle()
    assert hashes(backend, run_id) == hashes(backend, undisturbed)


def test_a_site_that_failed_is_counted_in_while_the_others_train(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    run_id = start_run(backend, federation, minimum_sites=2)
    worker.work_one("coordinator")
    first, second, third = worker.task_ids("simulated")
    claimed = worker.must_claim(second)
    worker.fail_task(claimed, FOLDER_GONE)
    assert backend.post(f"/runs/{run_id}/tasks/{second}/rerun")["status"] == "queued"
    assert worker.complete(claimed).json()["error"] == "attempt_superseded", "the old attempt is not revived"
    for task_id in (first, third):
        assert worker.complete(worker.must_claim(task_id)).status_code == 204
    assert worker.task_ids("coordinator") == [], "the round waits for the site"
    worker.work_until_idle()
    assert backend.get(f"/runs/{run_id}")["status"] == "completed"
    undisturbed = start_run(backend, federation, minimum_sites=2)
    worker.work_until_idle()
    assert hashes(backend, run_id) == hashes(backend, undisturbed)


def test_an_aggregation_that_nobody_has_begun_waits_for_the_site(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    """The message of the dropped aggregation is a hint to nothing; its claim is refused."""
    worker.fail = lambda *key: FOLDER_GONE if key == ("train_site", "b", 1) else None
    run_id = start_run(backend, federation, minimum_sites=2)
    worker.work_one("coordinator")
    worker.work_until_idle(("simulated",))
    [dropped] = worker.task_ids("coordinator")
    task = tasks_by_key(backend, run_id)["train_site", "b", 1]
    backend.post(f"/runs/{run_id}/tasks/{task['id']}/rerun")
    assert worker.claim(dropped).status_code == 409
    worker.fail = lambda *_key: None
    worker.work_until_idle()
    assert backend.get(f"/runs/{run_id}")["status"] == "completed"
    undisturbed = start_run(backend, federation, minimum_sites=2)
    worker.work_until_idle()
    assert hashes(backend, run_id) == hashes(backend, undisturbed)


def test_after_the_aggregation_a_rerun_says_why_not_and_what_to_do(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    worker.fail = lambda *key: FOLDER_GONE if key == ("train_site", "b", 1) else None
    run_id = start_run(backend, federation, minimum_sites=2)
    worker.work_one("coordinator")
    worker.work_until_idle(("simulated",))
    task_id = tasks_by_key(backend, run_id)["train_site", "b", 1]["id"]
    [aggregation] = worker.task_ids("coordinator")
    claimed = worker.must_claim(aggregation)
    assert "round 1 is being aggregated without b just now" in refusal(backend, run_id, task_id)
    worker.complete(claimed)
    words = refusal(backend, run_id, task_id)
    assert "round 1 was aggregated without b" in words
    assert "asked again in every next round" in words
    worker.work_until_idle()
    assert "is completed without b in round 1" in refusal(backend, run_id, task_id)
    done = tasks_by_key(backend, run_id)["train_site", "a", 1]
    assert "nothing to rerun" in refusal(backend, run_id, done["id"])


def test_each_of_two_failed_sites_is_rerun(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    """The second while the run goes on again; what had been told to stop meanwhile goes on too."""
    worker.fail = lambda kind, participant, _round: FOLDER_GONE if kind == "train_site" and participant != "a" else None
    run_id = start_run(backend, federation, minimum_sites=3)
    worker.work_until_idle()
    failures = backend.get(f"/runs/{run_id}")["failures"]
    assert [failure["participant"] for failure in failures] == ["b", "c"]
    worker.fail = lambda *_key: None
    for failure in failures:
        backend.post(f"/runs/{run_id}/tasks/{failure['task_id']}/rerun")
    worker.work_until_idle()
    assert backend.get(f"/runs/{run_id}")["status"] == "completed"


def test_a_failed_evaluation_is_rerun_alone(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    worker.fail = lambda kind, participant, _round: (
        FOLDER_GONE if (kind, participant) == ("evaluate_site", "c") else None
    )
    run_id = start_run(backend, federation, minimum_sites=3, schedule={"rounds": 1})
    worker.work_until_idle()
    [failure] = backend.get(f"/runs/{run_id}")["failures"]
    assert (failure["task_kind"], failure["participant"]) == ("evaluate_site", "c")
    worker.fail = lambda *_key: None
    worker.done.clear()
    backend.post(f"/runs/{run_id}/tasks/{failure['task_id']}/rerun")
    worker.work_until_idle()
    assert backend.get(f"/runs/{run_id}")["status"] == "completed"
    assert worker.done == [("evaluate_site", "c", 1)]


def test_a_cancelled_run_is_resumed_not_rerun(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    run_id = start_run(backend, federation)
    worker.work_one("coordinator")
    backend.post(f"/runs/{run_id}/cancel")
    task = tasks_by_key(backend, run_id)["train_site", "a", 1]
    assert "resume the run" in refusal(backend, run_id, task["id"])
    response = backend.admin.post(f"/api/v1/runs/{run_id}/tasks/none/rerun")
    assert (response.status_code, response.json()["error"]) == (404, "not_found")


def test_curves_and_log_of_a_run(backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker) -> None:
    run_id = start_run(backend, federation)
    worker.work_one("coordinator")
    claimed = worker.must_claim(worker.task_ids("simulated")[1])
    lines = [{"level": "info", "message": "2 cases ready"}, {"level": "warning", "message": "no moments"}]
    worker.progress(claimed, logs=lines)
    query: dict[str, str | int] = {"run_id": run_id, "kind": "log", "site_slug": "b", "round": 1}
    assert [event["message"] for event in backend.get("/events", **query)] == ["2 cases ready", "no moments"]
    assert [event["message"] for event in backend.get("/events", **query, level="warning")] == ["no moments"]
    assert backend.get("/events", **{**query, "round": 2}) == []
    assert len(backend.get("/events", task_id=claimed["task_id"], kind="log")) == 2
    text = backend.admin.get("/api/v1/events.txt", params=query).text
    assert "WARNING b round 1 played-worker: no moments\n" in text
    worker.complete(claimed)
    backend.recover()
    worker.work_until_idle()

    curves = backend.get(f"/runs/{run_id}/curves")
    loss = next(line for line in curves["series"] if (line["site_slug"], line["name"]) == ("b", "loss"))
    assert loss["rounds"][:1] == [1]
    assert loss["values"][:1] == [1.0]
    assert len(loss["num_cases"]) == len(loss["rounds"])
    asked = {"name": "loss", "split": loss["split"]}
    assert loss in backend.get(f"/runs/{run_id}/curves", **asked)["series"]
    assert {line["name"] for line in backend.get(f"/runs/{run_id}/curves", **asked)["series"]} == {"loss"}
    assert backend.get(f"/runs/{run_id}/curves", after=curves["last_id"]) == {
        "last_id": curves["last_id"],
        "series": [],
    }
