"""Averages of late rounds: by hand, in every method's last state, and that every trained round is as without."""

import pytest
import torch

from tests.worker.engine.all_methods import ALL
from tests.worker.engine.method_runs import BATCH_NORM, DATA, adam_plan, assert_close, hashes, number, states_of
from worker.engine.federation import run_rounds
from worker.engine.late_average import AVERAGE, LateAverage, averaged_state, with_accumulators, without_accumulators
from worker.engine.robust_aggregation import Mean
from worker.engine.state import GLOBAL, State, personalized
from worker.engine.strategies.fedavg import FedAvg

MEAN_OF_2 = LateAverage("mean", 2, 0.0)
EMA = LateAverage("ema", 0, 0.75)


def last_of(average: LateAverage, values: list[int]) -> list[State]:
    """The states of a run whose method leaves these weights, one round after the other, and the averaged one."""
    state: State = {GLOBAL: number(0)}
    states = []
    for round_, value in enumerate(values, start=1):
        following = {GLOBAL: number(float(value)), personalized("a"): number(10.0 * value), "selector": number(value)}
        state = with_accumulators(average, state, following, round_, len(values))
        states.append(state)
    return [*states, averaged_state(state)]


def test_the_mean_by_hand() -> None:
    """Of 1, 2, 4, 9 the last two: 6.5; the last three: 5. The selector stays that of the last round."""
    states = last_of(MEAN_OF_2, [1, 2, 4, 9])
    assert [state[GLOBAL]["w"].item() for state in states] == [1, 2, 4, 9, 6.5]
    assert [state[personalized("a")]["w"].item() for state in states] == [10, 20, 40, 90, 65]
    assert states[-1]["selector"]["w"].item() == 9
    assert [AVERAGE in state for state in states] == [False, False, True, True, False]
    assert states[-1].keys() == {GLOBAL, personalized("a"), "selector"}
    assert last_of(LateAverage("mean", 3, 0.0), [1, 2, 4, 9])[-1][GLOBAL]["w"].item() == 5


def test_the_moving_average_by_hand() -> None:
    """1, then 0.75 * 1 + 0.25 * 2 = 1.25, then 0.75 * 1.25 + 0.25 * 4 = 1.9375."""
    assert last_of(EMA, [1, 2, 4])[-1][GLOBAL]["w"].item() == 1.9375
    assert last_of(LateAverage("ema", 0, 0.0), [1, 2, 4])[-1][GLOBAL]["w"].item() == 4


def test_whole_numbers_are_rounded() -> None:
    states: list[State] = [{GLOBAL: {"n": torch.tensor(value)}} for value in (1, 4)]
    first = with_accumulators(MEAN_OF_2, {}, states[0], 1, 2)
    last = averaged_state(with_accumulators(MEAN_OF_2, first, states[1], 2, 2))[GLOBAL]["n"]
    assert (last.item(), last.dtype) == (2, torch.int64)  # 2.5, ties to even


@pytest.mark.parametrize("name", ALL)
def test_of_every_method_the_last_state_is_the_mean_and_trained_rounds_are_as_without(name: str) -> None:
    strategy, plan = ALL[name]
    plain = states_of(strategy, plan)
    averaged = states_of(strategy, type(plan)(**vars(plan) | {"late_average": MEAN_OF_2}))
    models = [part for part in plain[0] if part == GLOBAL or part.startswith("personalized/")]
    assert (len(plain), len(averaged)) == (3, 4)
    assert averaged[-1].keys() == plain[-1].keys()
    for before, state in zip(plain, averaged, strict=False):
        assert hashes(without_accumulators(state)) == hashes(before)
    for part in models:
        mean = {
            key: (plain[1][part][key].double() + tensor.double()) / 2
            for key, tensor in plain[2][part].items()
            if tensor.is_floating_point()
        }
        assert_close(averaged[3][part], {key: tensor.float() for key, tensor in mean.items()})


def test_sites_are_sent_nothing_more() -> None:
    strategy, plan = FedAvg(Mean()), adam_plan(rounds=3, late_average=MEAN_OF_2)
    state = states_of(strategy, plan)[2]
    assert AVERAGE in state
    assert strategy.downloads(state.keys(), "a") == (GLOBAL,)


def test_running_statistics_are_averaged_with_the_weights() -> None:
    plan = adam_plan(network=BATCH_NORM, sites=("a", "b"))
    plain = states_of(FedAvg(Mean()), plan)
    averaged = states_of(FedAvg(Mean()), adam_plan(network=BATCH_NORM, sites=("a", "b"), late_average=MEAN_OF_2))
    key = next(key for key in plain[0][GLOBAL] if key.endswith("running_var"))
    mean = (plain[1][GLOBAL][key] + plain[2][GLOBAL][key]) / 2
    torch.testing.assert_close(averaged[3][GLOBAL][key], mean)


def test_the_average_is_validated_next_to_the_last_trained_round() -> None:
    """So validation can choose either; nobody trains in the round of the average."""
    plan = adam_plan(rounds=2, late_average=MEAN_OF_2)
    _, _, trained, averaged = run_rounds(FedAvg(Mean()), DATA, plan)
    assert (trained.round, averaged.round) == (2, 3)
    names = [{(point.split, point.name) for point in record.metrics["a"]} for record in (trained, averaged)]
    assert ("train", "steps") in names[0]
    assert names[1] == {(split, name) for split, name in names[0] if split == "val"}


def test_a_state_without_averages_cannot_be_averaged() -> None:
    with pytest.raises(ValueError, match="no averages, only global, selector"):
        averaged_state({GLOBAL: number(0), "selector": number(0)})
