"""More rounds for a completed run: what goes on, what is replaced, what stays."""

from typing import Any

import pytest

from tests.backend.conftest import start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker


def state_of(backend: LiveBackend, run_id: str, number: int) -> dict[str, str]:
    """Part to SHA-256."""
    return {part["name"]: part["sha256"] for part in backend.get(f"/runs/{run_id}/rounds/{number}")["parts"]}


def completed(backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker, **config: Any) -> str:
    run_id = start_run(backend, federation, **config)
    worker.work_until_idle()
    assert backend.get(f"/runs/{run_id}")["status"] == "completed"
    return run_id


def test_a_run_that_is_given_more_rounds_is_the_run_that_was_started_with_them(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    worker.dice = lambda _participant, number: number / 10
    longer = completed(backend, federation, worker, schedule={"rounds": 4})
    run_id = completed(backend, federation, worker, schedule={"rounds": 2})
    assert backend.get(f"/runs/{run_id}")["best_round"] == 2
    cases = backend.get(f"/runs/{run_id}/cases")["cases"]
    preview = backend.get(f"/runs/{run_id}/extension", rounds=4)
    assert (preview["from_round"], preview["exact"], preview["problem"]) == (2, True, None)
    assert any("to the bit" in note for note in preview["notes"])

    worker.done.clear()
    run = backend.post(f"/runs/{run_id}/extend", {"rounds": 4})
    assert (run["status"], run["round"], run["num_rounds"]) == ("running", 3, 4)
    assert backend.post(f"/runs/{run_id}/extend", {"rounds": 4})["round"] == 3, "a second click changes nothing"
    assert backend.get(f"/runs/{run_id}/cases")["cases"] == cases, "the scores of before can be read until the end"
    worker.work_until_idle()

    run = backend.get(f"/runs/{run_id}")
    assert (run["status"], run["round"], run["best_round"]) == ("completed", 4, 4)
    assert run["notes"] == ["Given rounds 3 to 4 after its end."]
    assert [(e["from_round"], e["to_round"], e["exact"]) for e in run["extensions"]] == [(2, 4, True)]
    assert {number for kind, _, number in worker.done if kind == "train_site"} == {3, 4}
    assert {number for kind, _, number in worker.done if kind == "evaluate_site"} == {4}
    assert state_of(backend, run_id, 4) == state_of(backend, longer, 4)
    for name in ("best_round", "best_dice", "num_rounds"):
        assert run[name] == backend.get(f"/runs/{longer}")[name]
    assert backend.get(f"/runs/{run_id}/cases")["round"] == 4
    assert backend.get(f"/runs/{run_id}/model")["round"] == 4


def test_the_best_round_of_before_may_be_the_best_again(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    worker.dice = lambda _participant, number: 0.9 if number == 1 else 0.5
    run_id = completed(backend, federation, worker, schedule={"rounds": 2})
    worker.done.clear()
    backend.post(f"/runs/{run_id}/extend", {"rounds": 3})
    worker.work_until_idle()
    assert backend.get(f"/runs/{run_id}")["best_round"] == 1
    assert {number for kind, _, number in worker.done if kind == "evaluate_site"} == {1, 3}, "both are tested again"


def test_what_a_longer_run_may_still_choose_is_kept(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    """Round 4 is the best in the end, and not the last: its state is there for the test."""
    dice = {1: 0.5, 2: 0.6, 3: 0.7, 4: 0.9, 5: 0.8, 6: 0.8, 7: 0.8, 8: 0.8}
    worker.dice = lambda _participant, number: dice.get(number, 0.1)
    history = {"history_rounds": 0}
    run_id = completed(backend, federation, worker, schedule={"rounds": 2}, evaluation=history)
    backend.post(f"/runs/{run_id}/extend", {"rounds": 8})
    worker.work_until_idle()
    run = backend.get(f"/runs/{run_id}")
    assert (run["status"], run["best_round"]) == ("completed", 4), run["failure"]
    assert backend.get(f"/runs/{run_id}/model")["round"] == 4
    assert state_of(backend, run_id, 4)


def test_a_longer_run_can_be_cancelled_and_resumed(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    run_id = completed(backend, federation, worker, schedule={"rounds": 2})
    backend.post(f"/runs/{run_id}/extend", {"rounds": 3})
    assert backend.post(f"/runs/{run_id}/cancel")["status"] == "cancelled"
    worker.task_ids("simulated")
    assert backend.post(f"/runs/{run_id}/resume")["round"] == 3
    worker.work_until_idle()
    run = backend.get(f"/runs/{run_id}")
    assert (run["status"], run["num_rounds"]) == ("completed", 3)
    worker.fail = lambda kind, *_: "out of memory" if kind == "evaluate_site" else None
    backend.post(f"/runs/{run_id}/extend", {"rounds": 4})
    worker.work_until_idle()
    assert backend.get(f"/runs/{run_id}")["status"] == "failed"
    worker.fail = lambda *_: None
    backend.post(f"/runs/{run_id}/resume")
    worker.work_until_idle()
    assert backend.get(f"/runs/{run_id}")["status"] == "completed"


FEDSM = {"name": "fedsm", "selector": {"name": "cnn"}}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schedule": {"rounds": 2, "learning_rate_schedule": "cosine"}}, "it rises again in round 3"),
        ({"schedule": {"rounds": 2, "learning_rate_schedule": "polynomial"}}, "it rises again in round 3"),
        ({"schedule": {"rounds": 2, "averaging": "ema"}}, "are averages of late rounds"),
        ({"strategies": [{"name": "fine-tuning", "fine_tuning_rounds": 1}]}, "fine-tune again"),
        ({"strategies": [FEDSM | {"lambda_start": 0.5}]}, "lambda rose or fell"),
        ({"strategies": [FEDSM | {"rounds_without_pull": 1}]}, "pull nothing again"),
    ],
)
def test_where_the_result_depends_on_all_rounds_it_is_said_before(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker, change: dict[str, Any], words: str
) -> None:
    run_id = completed(backend, federation, worker, **change)
    preview = backend.get(f"/runs/{run_id}/extension", rounds=5)
    assert (preview["exact"], preview["problem"]) == (False, None)
    assert any(words in note for note in preview["notes"])
    assert not any("to the bit" in note for note in preview["notes"])


def test_a_run_that_stopped_early_goes_on_and_counts_anew(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    """Round 1 is the best for ever. It stopped after round 4; from there two rounds of patience count again."""
    worker.dice = lambda _participant, number: 0.9 - 0.05 * number
    run_id = completed(backend, federation, worker, schedule={"rounds": 10, "patience": 2})
    assert backend.get(f"/runs/{run_id}")["num_rounds"] == 4
    preview = backend.get(f"/runs/{run_id}/extension", rounds=10)
    assert not preview["exact"]
    backend.post(f"/runs/{run_id}/extend", {"rounds": 10})
    worker.work_until_idle()
    run = backend.get(f"/runs/{run_id}")
    assert (run["status"], run["num_rounds"], run["best_round"]) == ("completed", 7, 1)
    assert run["notes"] == [
        "Given rounds 5 to 10 after its end.",
        "Training stopped after round 7 of 10: no gain for 2 rounds.",
    ]


def test_what_cannot_be_given_more_rounds_says_why(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker
) -> None:
    running = start_run(backend, federation)
    refused = backend.admin.post(f"/api/v1/runs/{running}/extend", json={"rounds": 9})
    assert (refused.status_code, refused.json()["error"]) == (409, "transition_not_allowed")
    assert "only a completed run" in backend.get(f"/runs/{running}/extension", rounds=9)["problem"]
    worker.work_until_idle()
    for rounds in (2, 1, 1001, "many"):
        refused = backend.admin.post(f"/api/v1/runs/{running}/extend", json={"rounds": rounds})
        assert refused.status_code == 422
        assert refused.json()["fields"][0]["field"] == "rounds"
    assert backend.get(f"/runs/{running}")["status"] == "completed"
