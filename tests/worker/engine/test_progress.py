"""What a site hears of its own validation while it goes on."""

import pytest

from tests.worker.engine.all_methods import ALL
from tests.worker.engine.method_runs import DATA, states_of
from worker.engine.federation import validate_state
from worker.engine.progress import counted, part_of
from worker.engine.strategies.base import SiteContext


@pytest.mark.parametrize("name", ["fedavg", "fedsm", "consensus"])
def test_validation_tells_how_far_it_is(name: str) -> None:
    strategy, plan = ALL[name]
    state = states_of(strategy, plan)[-1]
    told: list[float] = []
    context = SiteContext(plan, "a", 2, None, told.append)
    validate_state(strategy, state.keys(), state.__getitem__, (DATA["a"],), context)
    assert len(told) >= len(DATA["a"].val)
    assert told == sorted(told)
    assert told[-1] == 1


def test_the_shares_of_a_step_are_those_of_a_part_of_the_whole() -> None:
    told: list[float] = []
    assert list(counted("abcd", 4, part_of(told.append, 0.5, 1.0))) == ["a", "b", "c", "d"]
    assert told == [0.625, 0.75, 0.875, 1.0]
