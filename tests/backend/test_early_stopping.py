"""Training that ends before its planned rounds: the rule, and a run that follows it."""

from typing import Any

import pytest

from backend.contracts.best_round import ValidationScore
from backend.contracts.early_stopping import Progress, progress_of, stops
from tests.backend.conftest import start_run
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker


def means(*values: float) -> dict[int, float]:
    return dict(enumerate(values, start=1))


def test_rounds_are_waited_for_after_the_last_gain() -> None:
    assert progress_of({}, 0) is None
    assert progress_of(means(0.5), 0) == Progress(1, 0)
    assert progress_of(means(0.5, 0.6, 0.6, 0.55), 0) == Progress(2, 2), "an equal round gains nothing"
    assert progress_of({2: 0.5, 5: 0.4}, 0) == Progress(2, 1), "rounds that cannot be compared are not counted"


def test_a_gain_of_no_more_than_the_minimum_is_none() -> None:
    slow = means(0.50, 0.52, 0.54, 0.56, 0.62)
    assert progress_of(slow, 0.1) == Progress(5, 0), "0.62 is more than 0.1 above 0.5, where the last gain was"
    assert progress_of(means(0.50, 0.52, 0.54, 0.56), 0.1) == Progress(1, 3)


def test_patience_ends_the_training_and_none_never_does() -> None:
    falling = {number: {"a": ValidationScore(dice, 2)} for number, dice in means(0.9, 0.8, 0.7, 0.6).items()}
    assert stops(falling, None, 0) is None
    assert stops(falling, 4, 0) is None
    assert stops(falling, 3, 0) == Progress(1, 3)
    assert stops(falling, 3, 0, since=2) is None, "more rounds were asked for after round 2"


@pytest.fixture
def dice(worker: PlayedWorker) -> dict[int, float]:
    """Validation Dice by round at every site: best in round 2."""
    by_round = {number: 0.8 - 0.01 * number for number in range(40)} | {0: 0.9, 1: 0.5, 2: 0.8}
    worker.dice = lambda _participant, number: by_round[number]
    return by_round


def test_a_run_ends_when_its_validation_has_gained_nothing_for_long_enough(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker, dice: dict[int, float]
) -> None:
    """The scores of round r come with round r + 1: rounds 3, 4 and 5 gained nothing once round 6 was trained."""
    run_id = start_run(backend, federation, schedule={"rounds": 20, "patience": 3})
    worker.work_until_idle()
    run = backend.get(f"/runs/{run_id}")
    assert (run["status"], run["round"], run["num_rounds"], run["best_round"]) == ("completed", 6, 6, 2)
    assert run["notes"] == ["Training stopped after round 6 of 20: no gain for 3 rounds."]
    assert run["early_stop"] == {"round": 6, "gained_in": 2, "waited_rounds": 3, "planned_rounds": 20, "by": None}
    messages = [event["message"] for event in backend.get(f"/runs/{run_id}/events")]
    assert any("stopped after round 6 of 20: no gain for 3 rounds; the last gain was in round 2" in m for m in messages)
    tested = {number for kind, _, number in worker.done if kind == "evaluate_site"}
    assert tested == {2, 6}, "the best round, and the last one there is"


def test_a_run_without_patience_or_with_steady_gains_trains_all_rounds(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker, dice: dict[int, float]
) -> None:
    every = start_run(backend, federation, schedule={"rounds": 7})
    worker.work_until_idle()
    dice.update({number: number / 10 for number in range(8)})
    gaining = start_run(backend, federation, schedule={"rounds": 7, "patience": 1})
    worker.work_until_idle()
    for run_id in (every, gaining):
        run = backend.get(f"/runs/{run_id}")
        assert (run["round"], run["num_rounds"], run["early_stop"], run["notes"]) == (7, 7, None, [])


def test_whoever_sits_a_round_out_is_waited_for_before_the_next_is_decided(
    backend: LiveBackend, federation: dict[str, Any], worker: PlayedWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same scores are weighed whether the idle site answers before the round ends, or after it."""

    def all_but_c(parts: dict[str, str], participants: list[str]) -> dict[str, list[str]]:
        return {name: list(parts) for name in participants if name != "c"}

    monkeypatch.setattr(worker, "_downloads", all_but_c)

    def work_without_idle_site() -> list[dict[str, Any]]:
        """Everything but its validations, which are claimed and handed back."""
        held = []
        while (task_id := worker.next_task_id("coordinator") or worker.next_task_id("simulated")) is not None:
            claimed = worker.must_claim(task_id)
            if claimed["payload"]["kind"] == "validate_site":
                held.append(claimed)
            else:
                worker.complete(claimed)
        return held

    run_id = start_run(backend, federation, schedule={"rounds": 2, "patience": 1})
    (held,) = work_without_idle_site()
    assert held["payload"]["participant"] == "c"
    assert len(backend.get(f"/runs/{run_id}/rounds")) == 2, "round 1 is aggregated"
    backend.recover()
    assert backend.get(f"/runs/{run_id}")["round"] == 1
    worker.complete(held)
    assert backend.get(f"/runs/{run_id}")["round"] == 2
    worker.work_until_idle()
    assert backend.get(f"/runs/{run_id}")["status"] == "completed"
