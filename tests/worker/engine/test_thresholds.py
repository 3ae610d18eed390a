"""The super model on validation cases at every threshold."""

from dataclasses import replace

import pytest

from tests.worker.engine.all_methods import ALL
from tests.worker.engine.method_runs import DATA, SITES, states_of
from worker.engine.strategies.base import SiteContext
from worker.engine.strategies.fedsm import FedSM
from worker.engine.thresholds import threshold_scores

GAMMAS = (0.0, 0.4, 0.6, 0.9, 0.99, 1.0)


def test_each_threshold_scores_as_validation_with_it_does() -> None:
    """FedSM validates its super model at its own gamma: here with each of them in turn."""
    strategy, plan = ALL["fedsm"]
    assert isinstance(strategy, FedSM)
    state = states_of(strategy, plan)[-1]
    for site in SITES:
        found = threshold_scores(strategy, state.__getitem__, (DATA[site],), plan, GAMMAS)
        assert [score.gamma for score in found] == list(GAMMAS)
        for score in found:
            context = SiteContext(plan, site, 2, None, lambda _: None)
            metrics = replace(strategy, gamma=score.gamma).validate(state.__getitem__, (DATA[site],), context)
            (expected,) = [m for m in metrics if m.model == "super" and m.structure is None]
            assert (score.dice, score.num_cases) == (pytest.approx(expected.value, abs=1e-12), expected.num_cases)


@pytest.mark.parametrize("name", ["fedavg", "fedsm-encoder-similarity-soft"])
def test_without_a_threshold_there_is_no_score(name: str) -> None:
    strategy, plan = ALL[name]
    state = states_of(strategy, plan)[-1]
    assert threshold_scores(strategy, state.__getitem__, (DATA["a"],), plan, GAMMAS) == ()


def test_without_validation_cases_there_is_no_score() -> None:
    strategy, plan = ALL["fedsm"]
    state = states_of(strategy, plan)[-1]
    bare = replace(DATA["a"], val=())
    assert threshold_scores(strategy, state.__getitem__, (bare,), plan, GAMMAS) == ()
