"""The super model on validation cases at every threshold."""

from dataclasses import replace
from typing import Any

import pytest

from tests.worker.engine.all_methods import ALL
from tests.worker.engine.method_runs import DATA, SITES, states_of
from worker.engine import thresholds
from worker.engine.evaluation import evaluate_validation
from worker.engine.plan import Plan
from worker.engine.strategies.base import LoadPart, SiteContext
from worker.engine.strategies.fedsm import FedSM
from worker.engine.super_model import predict_cases
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


def test_what_was_scored_on_validation_cases_is_not_predicted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The list of validation cases has scores of the global, the own and the chosen model, and the routes: thresholds
    may need the model of another site, and the same scores result."""
    strategy, plan = ALL["fedsm"]
    state = states_of(strategy, plan)[-1]
    wanted: list[set[str]] = []

    def counted(load_part: LoadPart, cases: Any, names: Any, plan: Plan) -> Any:
        wanted.extend(names)
        return predict_cases(load_part, cases, names, plan)

    monkeypatch.setattr(thresholds, "predict_cases", counted)
    for site in SITES:
        data = (DATA[site],)
        known = {
            case.case_id: case for case in evaluate_validation(strategy, state.keys(), state.__getitem__, data, plan)
        }
        wanted.clear()
        expected = threshold_scores(strategy, state.__getitem__, data, plan, GAMMAS)
        before = [set(names) for names in wanted]
        wanted.clear()
        with monkeypatch.context() as patched:
            patched.setattr(FedSM, "routes", None)
            assert threshold_scores(strategy, state.__getitem__, data, plan, GAMMAS, known) == expected
        lacking = [
            names - known[case.case_id].scores.keys() for names, case in zip(before, DATA[site].val, strict=True)
        ]
        assert wanted == lacking
        assert sum(map(len, wanted)) < sum(map(len, before))


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
