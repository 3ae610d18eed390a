"""Masks of earlier rounds are those that the round's state gives, routed among all of a site's test cases."""

import math
from dataclasses import replace

import numpy as np

from tests.worker.engine.small_sites import small_plan, small_sites
from worker.engine.evaluation import evaluate, evaluate_validation
from worker.engine.federation import run_rounds
from worker.engine.history import as_past, past_predictions, shown_cases, spread
from worker.engine.selectors.lda import LdaSelector
from worker.engine.state import GLOBAL, personalized
from worker.engine.strategies.fedsm import FedSM

LDA = LdaSelector(shrinkage=0.1, minimum_cases=2, features="descriptors", farthest=math.inf)


def test_cases_are_spread_over_the_list() -> None:
    assert [list(spread(range(10), most)) for most in (1, 2, 3, 20)] == [[0], [0, 9], [0, 4, 9], list(range(10))]


def test_past_predictions_are_those_of_the_evaluation_of_the_same_state() -> None:
    sites = small_sites(("a", "b"))
    plan = small_plan(sites=("a", "b"), rounds=2)
    strategy = FedSM(0.7, 0.9, LDA, 0.0, "hard")
    data = tuple(sites.values())
    for result in list(run_rounds(strategy, sites, plan))[1:]:  # the initial state has no selector yet
        state = result.state
        evaluated = {case.case_id: case for case in evaluate(strategy, state.keys(), state.__getitem__, data, plan)}
        past = list(past_predictions(strategy, state.keys(), state.__getitem__, data, 1, plan))
        assert [entry.case_id for entry in past] == [site.test[0].case_id for site in data]
        assert [case.case_id for case in shown_cases(data, 1)] == [entry.case_id for entry in past]
        for entry, site in zip(past, ("a", "b"), strict=True):
            expected = evaluated[entry.case_id]
            assert expected.route is not None
            assert entry.chosen_part == expected.route.chosen_model
            assert set(entry.masks) == {GLOBAL, personalized(site), expected.route.chosen_model}
            same = as_past(expected, state.keys())
            assert [*same.masks] == [*entry.masks]
            assert (same.dice, same.chosen_part) == (entry.dice, entry.chosen_part)
            for part, mask in entry.masks.items():
                assert np.array_equal(mask, same.masks[part])
                assert np.array_equal(mask, expected.masks[part])
                assert entry.dice[part] == expected.dice[part]


def test_validation_cases_are_scored_as_test_cases_are() -> None:
    """The test cases as validation cases, by the models that a reader compares."""
    sites = small_sites(("a", "b"))
    plan = small_plan(sites=("a", "b"), rounds=1)
    strategy = FedSM(0.7, 0.9, LDA, 0.0, "hard")
    *_, last = run_rounds(strategy, sites, plan)
    arguments = strategy, last.state.keys(), last.state.__getitem__
    data = tuple(replace(site, val=site.test) for site in sites.values())
    tested = list(evaluate(*arguments, data, plan))
    validated = list(evaluate_validation(*arguments, data, plan))
    assert len(tested) == len(validated) > 2
    for case, expected in zip(validated, tested, strict=True):
        assert expected.route is not None
        assert (case.case_id, case.route) == (expected.case_id, expected.route)
        assert set(case.scores) == {GLOBAL, personalized(case.site), expected.route.chosen_model}
        assert case.scores == {part: expected.scores[part] for part in case.scores}
