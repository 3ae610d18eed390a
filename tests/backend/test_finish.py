"""A stopped run whose best round so far is tested, and which is then completed like any other."""

from typing import Any

import pytest

from tests.backend.conftest import make_experiment, start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import QUEUES, PlayedWorker
from tests.backend.test_extension import state_of

ROUNDS = {"rounds": 9}


def work_on(worker: PlayedWorker) -> None:
    """Until no queue holds a message; those of tasks that are over are dropped."""
    while any(worker.work_one(queue, drop_refused=True) for queue in QUEUES):
        pass


def cancelled_in_round(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker, number: int, **config: Any
) -> tuple[str, dict[str, Any]]:
    """Cancelled after one of the three sites trained in the round, while the second one works: its task."""
    run_id = start_run(backend, federation, **{"schedule": ROUNDS} | config)
    while backend.get(f"/runs/{run_id}")["round"] < number:
        assert worker.work_one("simulated") or worker.work_one("coordinator"), "the round is not reached"
    first, second, _third = worker.task_ids("simulated")
    worker.complete(worker.must_claim(first))
    working: dict[str, Any] = worker.must_claim(second)
    backend.post(f"/runs/{run_id}/cancel")
    return run_id, working


def test_the_best_round_so_far_of_a_cancelled_run_is_tested_and_its_model_served(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    """Round 2 is the best of three; the fourth never ended, and nothing of it is left."""
    worker.dice = lambda _participant, number: {1: 0.5, 2: 0.9}.get(number, 0.6)
    run_id, working = cancelled_in_round(backend, federation, worker, 4)
    worker.done.clear()
    run = backend.get(f"/runs/{run_id}")
    assert (run["status"], run["round"], run["num_finished_rounds"]) == ("cancelled", 4, 3)
    run = backend.post(f"/runs/{run_id}/finish")
    assert (run["status"], run["round"], run["num_rounds"], run["num_finished_rounds"]) == ("evaluating", 3, 3, 3)
    assert backend.post(f"/runs/{run_id}/finish") == run, "a second click changes nothing"
    assert worker.progress(working).json()["error"] == "task_not_claimable", "the worker is told to stop"
    work_on(worker)

    run = backend.get(f"/runs/{run_id}")
    assert (run["status"], run["best_round"], run["best_dice"]) == ("completed", 2, 0.9)
    assert run["notes"] == ["Training was ended by admin after round 3 of 9."]
    (note,) = backend.get(f"/experiments/{run['experiment_id']}/results")["notes"]
    assert "was ended by admin after round 3 of 9" in note
    stop = {"round": 3, "gained_in": None, "waited_rounds": None, "planned_rounds": 9, "by": "admin"}
    assert run["early_stop"] == stop
    assert {(kind, number) for kind, _, number in worker.done} == {
        ("validate_site", 3),
        ("evaluate_site", 2),
        ("evaluate_site", 3),
    }
    assert max(task["round"] for task in backend.get(f"/runs/{run_id}/tasks")) == 3
    assert max(metric["round"] for metric in backend.get(f"/runs/{run_id}/metrics")) == 3
    assert backend.get(f"/runs/{run_id}/cases")["round"] == 2
    assert backend.get(f"/runs/{run_id}/model")["round"] == 2
    assert backend.admin.get(f"/api/v1/runs/{run_id}/model.zip").status_code == 200


def test_a_run_that_was_ended_and_trained_on_is_the_run_that_never_stopped(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    worker.dice = lambda _participant, number: number / 10
    whole = start_run(backend, federation, schedule=ROUNDS)
    work_on(worker)
    run_id, _ = cancelled_in_round(backend, federation, worker, 3)
    backend.post(f"/runs/{run_id}/finish")
    work_on(worker)
    backend.post(f"/runs/{run_id}/extend", {"rounds": 9})
    work_on(worker)
    run = backend.get(f"/runs/{run_id}")
    assert (run["status"], run["best_round"], run["num_rounds"]) == ("completed", 9, 9)
    assert state_of(backend, run_id, 9) == state_of(backend, whole, 9)


def test_a_paused_run_ends_and_one_cancelled_in_its_test_is_tested_on(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    run_id = start_run(backend, federation, schedule=ROUNDS)
    worker.work_one("coordinator")
    backend.post(f"/runs/{run_id}/pause")
    work_on(worker)
    run = backend.get(f"/runs/{run_id}")
    assert (run["status"], run["round"], run["num_finished_rounds"]) == ("paused", 1, 1)
    assert backend.post(f"/runs/{run_id}/finish")["status"] == "evaluating"
    backend.post(f"/runs/{run_id}/cancel")
    assert backend.post(f"/runs/{run_id}/finish")["status"] == "evaluating"
    work_on(worker)
    run = backend.get(f"/runs/{run_id}")
    assert (run["status"], run["best_round"]) == ("completed", 1)
    assert backend.post(f"/runs/{run_id}/finish")["status"] == "completed"


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"strategies": [{"name": "fine-tuning", "fine_tuning_rounds": 2}]}, "personalizes its models in the last 2"),
        ({"schedule": ROUNDS | {"averaging": "ema"}}, "averaging ema takes place after the last round"),
    ],
)
def test_what_a_method_does_in_its_last_rounds_is_not_left_out(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker, config: dict[str, Any], reason: str
) -> None:
    run_id, _ = cancelled_in_round(backend, federation, worker, 3, **config)
    assert reason in backend.get(f"/runs/{run_id}")["end_refusal"], "no page offers what is refused"
    answer = backend.admin.post(f"/api/v1/runs/{run_id}/finish")
    assert answer.status_code == 409
    assert reason in answer.json()["detail"]
    assert "with at most 2 rounds" in answer.json()["detail"]
    assert backend.get(f"/runs/{run_id}")["status"] == "cancelled"


def test_without_a_finished_round_or_under_way_nothing_is_ended(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    created = make_experiment(backend, federation)["runs"][0]["id"]
    run_id = start_run(backend, federation, schedule=ROUNDS)
    worker.work_one("coordinator")

    def refusal(wanted: str) -> str:
        answer = backend.admin.post(f"/api/v1/runs/{wanted}/finish")
        assert answer.status_code == 409
        detail: str = answer.json()["detail"]
        return detail

    assert "start its experiment" in refusal(created)
    assert "pause or cancel it first" in refusal(run_id)
    backend.post(f"/runs/{run_id}/cancel")
    assert "has finished no round" in refusal(run_id)
    run = backend.get(f"/runs/{run_id}")
    assert (run["round"], run["num_finished_rounds"]) == (1, 0), "the record tells the one from a finished round"
    backend.post(f"/runs/{run_id}/resume")
    work_on(worker)
    assert backend.get(f"/runs/{run_id}")["num_rounds"] == 9
