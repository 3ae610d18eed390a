"""One training, and what every option of the gap makes of it that changes no bit of training.

Averages of late rounds are made of the rounds' states as the server makes them, and FedSM's ways of choosing a model
are computed from each model's Dice on each case. So a row of options costs no training of its own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

import torch

from backend.contracts.thresholds import CHOICES, best_threshold
from benchmarks.methods import case_scores
from worker.engine.data import Case, SiteData
from worker.engine.federation import RoundRecord, data_of, validate_state
from worker.engine.inference import predict_probabilities
from worker.engine.late_average import LateAverage, averaged_state, with_accumulators
from worker.engine.metrics import case_dice, mean_over_structures
from worker.engine.plan import Plan
from worker.engine.plan_network import load_network
from worker.engine.progress import no_progress
from worker.engine.routed_weights import TestTimeRouting, soup
from worker.engine.routing.base import ValidationRule
from worker.engine.routing.quality import ExpectedQuality
from worker.engine.routing.threshold import ThresholdFromValidation
from worker.engine.selectors.base import route
from worker.engine.state import GLOBAL, State, Tensors, personalized
from worker.engine.strategies.base import SiteContext, Strategy
from worker.engine.strategies.iopfl import IOPFL
from worker.engine.transforms import to_original
from worker.in_process.best_round import best_round

GAMMA = 0.9
#: How an option ends training: with the best of the trained rounds, or with an average as one more candidate.
PLAIN, MEAN, EMA = "", "mean of late rounds", "moving average"
EMA_DECAY = 0.8
HARD, AUTO = "threshold 0.9", "threshold from validation"
QUALITY_P, QUALITY_D = "quality of probabilities", "quality of descriptors"
#: Mixtures: of probabilities or weights, by the share of the global model.
MIXTURES = {
    "soft": ("mean", 0.0),
    "soft, half global": ("mean", 0.5),
    "soup": ("weights", 0.0),
    "soup, half global": ("weights", 0.5),
}
#: Of IOP-FL's test-time routing, the authors' first.
RATES = (1e-3, 0.0, 1e-2, 1e-1)
KNOWN, GLOBAL_ONLY, BOUND, BEST_THRESHOLD = "site known", "global", "bound", "best threshold"
ROUTINGS = (HARD, AUTO, QUALITY_P, QUALITY_D, *MIXTURES)
#: The cases of these benchmarks are nobody's, so that rules may be learned of few.
RULES: dict[str, ValidationRule] = {
    AUTO: ThresholdFromValidation(GAMMA, CHOICES, best_threshold, 1),
    QUALITY_P: ExpectedQuality("probabilities", 0.1, 1, GAMMA),
    QUALITY_D: ExpectedQuality("descriptors", 0.1, 1, GAMMA),
}


@dataclass(frozen=True)
class Scored:
    """Every model of a state on some cases.

    cases: with the site of each; None for one outside the federation. probabilities: [N, K] float64, the selector's.
    dice: for each case by part name or name of a mixture, the mean over its structures.
    """

    cases: tuple[tuple[str | None, Case], ...]
    probabilities: torch.Tensor
    dice: tuple[Mapping[str, float], ...]

    def of_site(self, site: str) -> tuple[torch.Tensor, list[Case], list[Mapping[str, float | None]]]:
        chosen = [index for index, (owner, _) in enumerate(self.cases) if owner == site]
        return self.probabilities[chosen], [self.cases[i][1] for i in chosen], [self.dice[i] for i in chosen]


def candidates(records: Sequence[RoundRecord], plan: Plan) -> dict[str, State]:
    """By name of an average, the state that it ends the training with."""
    averages = {MEAN: LateAverage("mean", max(2, plan.rounds // 3), 0.0), EMA: LateAverage("ema", 0, EMA_DECAY)}
    found = {}
    for name, average in averages.items():
        state: State = {}
        for record in records[1:]:
            state = with_accumulators(average, state, record.state, record.round, plan.rounds)
        found[name] = averaged_state(state)
    return found


def scores_of_method(
    strategy: Strategy, records: Sequence[RoundRecord], sites: Mapping[str, SiteData], plan: Plan
) -> dict[str, Any]:
    """By name of how training ends: the best round, its validation Dice and the test Dice of each case."""
    metrics = {record.round: record.metrics for record in records}
    states = {record.round: record.state for record in records}
    ends: dict[str, State | None] = {PLAIN: None, **candidates(records, plan)}
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
            "test": _rounded(score.chosen for score in scores),
            KNOWN: _rounded(score.own for score in scores),
        }
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
            "test": _rounded(score.chosen for score in test),
            KNOWN: _rounded(score.own for score in test),
        }
        if outside:
            scores = case_scores(at_rate, state, SiteData("outside", (), (), tuple(outside)), plan)
            found[f"test-time rate {rate:g}"] |= {
                "outside": _rounded(score.chosen for score in scores),
                "outside, global": _rounded(score.own for score in scores),
            }
    return found


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


def scores_of_fedsm(
    strategy: Strategy,
    records: Sequence[RoundRecord],
    sites: Mapping[str, SiteData],
    outside: Sequence[Case],
    plan: Plan,
) -> dict[str, Any]:
    """By `<routing>` or `<routing>, <average>` as `scores_of_method`, and what other models score on the same state.

    A rule of a state is learned on the validation of the state before, an average's on that of the last but one.
    """
    val = [(site, case) for site, data in sites.items() for case in data.val]
    test: list[tuple[str | None, Case]] = [(site, case) for site, data in sites.items() for case in data.test]
    states: dict[int | str, State] = {record.round: record.state for record in records[1:]}
    states |= candidates(records, plan)
    validated = {name: score_state(strategy, state, val, plan) for name, state in states.items()}
    rules = {number: _learned(validated.get(number - 1), plan) for number in range(1, plan.rounds + 1)}
    tested: dict[int | str, Scored] = {}
    found = {}
    for routing in ROUTINGS:
        dice = {
            name: fmean(_chosen(routing, scored, rules[_last_trained(name, plan)], plan))
            for name, scored in validated.items()
        }
        for average in (PLAIN, MEAN, EMA):
            allowed = [name for name in dice if isinstance(name, int) or name == average]
            best = max(allowed, key=lambda name: dice[name])
            if best not in tested:
                tested[best] = score_state(strategy, states[best], [*test, *((None, case) for case in outside)], plan)
            learned = rules[_last_trained(best, plan)]
            row = _row(routing, validated[best], tested[best], learned, plan, len(test))
            if routing != HARD:  # the gap is taken apart for the paper's routing
                row = {name: row[name] for name in row if name not in (GLOBAL_ONLY, BEST_THRESHOLD, BOUND)}
            best_number = best if isinstance(best, int) else plan.rounds + 1
            found[", ".join(filter(None, (routing, average)))] = {
                "best_round": best_number,
                "validation": dice[best],
                **row,
            }
    return found


def _last_trained(name: int | str, plan: Plan) -> int:
    return name if isinstance(name, int) else plan.rounds


def _row(
    routing: str, validated: Scored, tested: Scored, learned: Mapping[str, Tensors], plan: Plan, num_inside: int
) -> dict[str, list[float]]:
    own = [of_case[personalized(site)] for (site, _), of_case in zip(tested.cases, tested.dice, strict=True) if site]
    models = (GLOBAL, *map(personalized, plan.sites))
    chosen = _chosen(routing, tested, learned, plan)
    scores = {g: sum(_at_threshold(validated, g, plan)) for g in CHOICES}
    found = {
        "test": chosen[:num_inside],
        KNOWN: own,
        GLOBAL_ONLY: [of_case[GLOBAL] for of_case in tested.dice][:num_inside],
        BEST_THRESHOLD: _at_threshold(tested, best_threshold(scores), plan)[:num_inside],
        BOUND: [max(of_case[name] for name in models) for of_case in tested.dice][:num_inside],
    }
    if outside := chosen[num_inside:]:
        found["outside"] = outside
        found["outside, global"] = [of_case[GLOBAL] for of_case in tested.dice][num_inside:]
    return {name: _rounded(values) for name, values in found.items()}


def score_state(strategy: Strategy, state: State, cases: Sequence[tuple[str | None, Case]], plan: Plan) -> Scored:
    """Each model runs once on every case; a soup once on each."""
    images = [case for _, case in cases]
    routes = strategy.routes(state.__getitem__, images, plan)
    rows = [list(each.probabilities.values()) for each in routes]
    parts = (GLOBAL, *map(personalized, plan.sites))
    planes = {part: list(predict_probabilities(load_network(plan, state[part]), images, plan)) for part in parts}
    dice: list[dict[str, float]] = []
    for index, (case, row) in enumerate(zip(images, rows, strict=True)):
        of_case = {part: _dice(planes[part][index], case, plan) for part in parts}
        for name, (kind, global_share) in MIXTURES.items():
            shares = {GLOBAL: global_share} if global_share else {}
            shares |= {personalized(site): (1 - global_share) * p for site, p in zip(plan.sites, row, strict=True)}
            shares = {part: share for part, share in shares.items() if share > 0}
            if kind == "mean":
                mixed = sum((planes[part][index] * share for part, share in shares.items()), torch.zeros(()))
            else:
                network = load_network(plan, soup({part: state[part] for part in shares}, shares))
                (mixed,) = predict_probabilities(network, [case], plan)
            of_case[name] = _dice(mixed, case, plan)
        dice.append(of_case)
    return Scored(tuple(cases), torch.tensor(rows, dtype=torch.float64), tuple(dice))


def _dice(planes: torch.Tensor, case: Case, plan: Plan) -> float:
    mask = to_original(planes, case.reference_original.shape[1:])
    score = mean_over_structures(case_dice(plan.structures, mask, case.reference_original))
    if score is None:
        raise ValueError(f"{case.name} has no structure: choose other sites")
    return score


def _learned(before: Scored | None, plan: Plan) -> dict[str, Tensors]:
    """What each rule learns of the round before, by the engine's own sums; of the first round nothing."""
    found = {}
    for name, rule in RULES.items():
        reports = [rule.report(*before.of_site(site), plan) for site in plan.sites] if before else []
        reports = [report for report in reports if report]
        found[name] = rule.solve(reports, plan) if reports else rule.initial()
    return found


def _chosen(routing: str, scored: Scored, learned: Mapping[str, Tensors], plan: Plan) -> list[float]:
    """The Dice of each case by what the routing takes for it."""
    if routing in MIXTURES:
        return [of_case[routing] for of_case in scored.dice]
    if routing == HARD:
        return _at_threshold(scored, GAMMA, plan)
    names = RULES[routing].choose(learned[routing], scored.probabilities, [case for _, case in scored.cases], plan)
    return [of_case[name] for of_case, name in zip(scored.dice, names, strict=True)]


def _at_threshold(scored: Scored, gamma: float, plan: Plan) -> list[float]:
    names: Iterator[str] = (route(row, plan.sites, gamma) for row in scored.probabilities.tolist())
    return [of_case[name] for of_case, name in zip(scored.dice, names, strict=True)]


def _rounded(values: Iterable[float]) -> list[float]:
    """As they are kept: what is printed has four digits."""
    return [round(value, 5) for value in values]
