"""Averages of late rounds on the platform: one more round in which nobody trains, chosen by validation or not."""

from typing import Any

import pytest

from tests.backend.conftest import start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import QUEUES, PlayedWorker

SCHEDULE = {"rounds": 3, "averaging": "mean", "averaged_rounds": 2}


def averaged(backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker) -> dict[str, Any]:
    """The completed run of three rounds and their average."""
    run_id = start_run(backend, federation, schedule=SCHEDULE)
    worker.work_until_idle()
    run: dict[str, Any] = backend.get(f"/runs/{run_id}")
    assert run["status"] == "completed", run["failure"]
    return run


def rounds_of(worker: PlayedWorker, kind: str) -> set[int]:
    return {number for done, _, number in worker.done if done == kind}


@pytest.mark.parametrize(("of_the_average", "best"), [(0.9, 4), (0.6, 3)])
def test_validation_chooses_between_the_last_round_and_the_average(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker, of_the_average: float, best: int
) -> None:
    dice = {0: 0.1, 1: 0.5, 2: 0.6, 3: 0.7, 4: of_the_average}
    worker.dice = lambda _participant, number: dice[number]
    run = averaged(backend, federation, worker)
    assert (run["round"], run["num_rounds"], run["best_round"]) == (4, 4, best)
    assert run["best_dice"] == pytest.approx(dice[best])
    assert rounds_of(worker, "train_site") == {1, 2, 3}
    assert rounds_of(worker, "validate_site") == {3, 4}
    assert rounds_of(worker, "aggregate_round") == {1, 2, 3, 4}
    assert rounds_of(worker, "evaluate_site") == {best, 4}
    messages = [event["message"] for event in backend.get(f"/runs/{run['id']}/events")]
    assert any("round 4 of 4 averages late rounds: nobody trains" in message for message in messages)
    assert any("the average of late rounds" in message for message in messages) == (best == 4)
    note = "The best round, 4, is the average of late rounds; 3 were trained."
    assert run["notes"] == ([note] if best == 4 else [])


def test_more_rounds_go_on_from_the_average_and_are_averaged_again(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    run = averaged(backend, federation, worker)
    worker.done.clear()
    backend.post(f"/runs/{run['id']}/extend", {"rounds": 6})
    worker.work_until_idle()
    longer = backend.get(f"/runs/{run['id']}")
    assert (longer["status"], longer["num_rounds"]) == ("completed", 7)
    assert rounds_of(worker, "train_site") == {5, 6}
    assert rounds_of(worker, "aggregate_round") == {5, 6, 7}


def test_an_average_that_failed_is_made_when_the_run_is_resumed(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    worker.fail = lambda kind, _participant, number: "disk full" if (kind, number) == ("aggregate_round", 4) else None
    run_id = start_run(backend, federation, schedule=SCHEDULE)
    while any(worker.work_one(queue, drop_refused=True) for queue in QUEUES):
        pass
    assert backend.get(f"/runs/{run_id}")["status"] == "failed"
    worker.fail = lambda *_: None
    worker.done.clear()
    backend.post(f"/runs/{run_id}/resume")
    worker.work_until_idle()
    assert backend.get(f"/runs/{run_id}")["status"] == "completed"
    assert rounds_of(worker, "train_site") == set()
    assert 3 in rounds_of(worker, "validate_site"), "the last trained round is a candidate too"
