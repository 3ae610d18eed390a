"""One training, and the ends that it can have: the best of its rounds, or an average of late ones.

Averages are made of the rounds' states as the server makes them, so a row of them costs no training of its own. What
FedSM's options make of one training is in gap_fedsm.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any

from benchmarks.methods import case_scores
from worker.engine.data import Case, SiteData
from worker.engine.federation import RoundRecord, data_of, validate_state
from worker.engine.late_average import LateAverage, averaged_state, with_accumulators
from worker.engine.plan import Plan
from worker.engine.progress import no_progress
from worker.engine.routed_weights import TestTimeRouting
from worker.engine.state import GLOBAL, State
from worker.engine.strategies.base import SiteContext, Strategy
from worker.engine.strategies.iopfl import IOPFL
from worker.in_process.best_round import best_round

#: How an option ends training: with the best of the trained rounds, or with another state as one more candidate: an
#: average, or (of FedSM) the sites' models of the last round as the sites trained them, all or where a site's own
#: validation is better with it.
PLAIN, MEAN, EMA = "", "mean of late rounds", "moving average"
BEFORE_PULL, OWN_CHOICE = "before the last pull", "each site's choice of the last pull"
#: The mean is over the last ten rounds of a training of at least 25, else over the last third.
MANY_ROUNDS, LAST_OF_MANY = 25, 10
EMA_DECAY = 0.8
#: Of IOP-FL's test-time routing, the authors' first.
RATES = (1e-3, 0.0, 1e-2, 1e-1)
#: Of cases of sites that train no model: by what a method takes for them, and by its global model.
OUTSIDE, OUTSIDE_GLOBAL = "outside", "outside, global"
KNOWN, GLOBAL_ONLY, BOUND, BEST_THRESHOLD = "site known", "global", "bound", "best threshold"


def averages(records: Sequence[RoundRecord], plan: Plan) -> dict[str, State]:
    """By name of an average, the state that it ends the training with."""
    num_last = LAST_OF_MANY if plan.rounds >= MANY_ROUNDS else max(2, plan.rounds // 3)
    of_mean = LateAverage("mean", num_last, 0.0)
    found = {}
    for name, average in {MEAN: of_mean, EMA: LateAverage("ema", 0, EMA_DECAY)}.items():
        state: State = {}
        for record in records[1:]:
            state = with_accumulators(average, state, record.state, record.round, plan.rounds)
        found[name] = averaged_state(state)
    return found


def scores_of_method(
    strategy: Strategy,
    records: Sequence[RoundRecord],
    sites: Mapping[str, SiteData],
    outside: Sequence[Case],
    plan: Plan,
) -> dict[str, Any]:
    """By name of how training ends: the best round, its validation Dice and the test Dice of each case. Cases outside
    the federation are scored where a method has a global model for them."""
    metrics = {record.round: record.metrics for record in records}
    states = {record.round: record.state for record in records}
    ends: dict[str, State | None] = {PLAIN: None, **averages(records, plan)}
    found = {}
    for name, state in ends.items():
        extra, last = {}, plan.rounds + 1
        if state is not None:
            extra[last] = _validated(strategy, state, sites, plan)
        best = best_round(metrics | extra, strategy.criterion)
        chosen = states[best.round] if best.round < last or state is None else state
        scores = [score for data in sites.values() for score in case_scores(strategy, chosen, data, plan)]
        found[name] = {
            "best_round": best.round,
            "validation": best.dice,
            "test": rounded(score.chosen for score in scores),
            KNOWN: rounded(score.own for score in scores),
        }
        if outside and GLOBAL in chosen:
            found[name] |= _outside(strategy, chosen, outside, plan)
    return found


def scores_of_iop_fl(
    strategy: IOPFL,
    records: Sequence[RoundRecord],
    sites: Mapping[str, SiteData],
    outside: Sequence[Case],
    plan: Plan,
) -> dict[str, Any]:
    """By the rate of test-time routing, the best round's scores; a rate of 0 is the plain mean of the models."""
    metrics = {record.round: record.metrics for record in records}
    best = best_round(metrics, strategy.criterion)
    state = next(record.state for record in records if record.round == best.round)
    found = {}
    for rate in RATES:
        at_rate = with_rate(strategy, rate)
        val = [case_scores(at_rate, state, replace(data, test=data.val), plan) for data in sites.values()]
        test = [score for data in sites.values() for score in case_scores(at_rate, state, data, plan)]
        found[f"test-time rate {rate:g}"] = {
            "best_round": best.round,
            "validation": fmean(score.chosen for of_site in val for score in of_site),
            "test": rounded(score.chosen for score in test),
            KNOWN: rounded(score.own for score in test),
        }
        if outside:
            found[f"test-time rate {rate:g}"] |= _outside(at_rate, state, outside, plan)
    return found


def _outside(strategy: Strategy, state: State, outside: Sequence[Case], plan: Plan) -> dict[str, list[float]]:
    scores = case_scores(strategy, state, SiteData("outside", (), (), tuple(outside)), plan)
    return {
        OUTSIDE: rounded(score.chosen for score in scores),
        OUTSIDE_GLOBAL: rounded(score.own for score in scores),
    }


def with_rate(strategy: IOPFL, rate: float) -> IOPFL:
    """With another rate of its test-time routing; 0 takes no step."""
    steps = strategy.routing.steps if rate else 0
    return replace(strategy, routing=TestTimeRouting(steps, rate or 1.0))


def _validated(strategy: Strategy, state: State, sites: Mapping[str, SiteData], plan: Plan) -> dict[str, Any]:
    return {
        participant: validate_state(
            strategy,
            state.keys(),
            state.__getitem__,
            data_of(participant, sites, plan),
            SiteContext(plan, participant, plan.rounds, None, no_progress),
        )[0]
        for participant in strategy.participants(plan.sites)
    }


def rounded(values: Iterable[float]) -> list[float]:
    """As they are kept: what is printed has four digits."""
    return [round(value, 5) for value in values]
