"""One training of FedSM, and what each of its options makes of it that changes no bit of training.

Every model of every round runs once on every validation case; a choice of model, a mixture and an end of training are
computed from that. Rules are judged as a run judges them: without the patient whose case it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import Any

import torch

from backend.contracts.thresholds import CHOICES, best_threshold
from benchmarks.gap_scores import (
    BEFORE_PULL,
    BEST_THRESHOLD,
    BOUND,
    EMA,
    GLOBAL_ONLY,
    KNOWN,
    MEAN,
    OUTSIDE,
    OUTSIDE_GLOBAL,
    OWN_CHOICE,
    PLAIN,
    averages,
    rounded,
)
from worker.engine.data import Case, SiteData
from worker.engine.federation import RoundRecord
from worker.engine.inference import predict_probabilities
from worker.engine.metrics import case_dice, mean_over_structures
from worker.engine.plan import Plan
from worker.engine.plan_network import load_network
from worker.engine.pull import Pull
from worker.engine.routed_weights import soup
from worker.engine.routing.base import ValidationRule, learned_from, report_of
from worker.engine.routing.quality import ExpectedQuality, models_of
from worker.engine.routing.threshold import ThresholdFromValidation
from worker.engine.selectors.base import route
from worker.engine.server_momentum import SHARED_MOMENTUM, beta_of_round
from worker.engine.state import GLOBAL, State, Tensors, personalized
from worker.engine.strategies.fedsm import FedSM
from worker.engine.transforms import to_original

GAMMA = 0.9
HARD, AUTO = "threshold 0.9", "threshold from validation"
QUALITY_P, QUALITY_D = "quality of probabilities", "quality of descriptors"
#: The cases of these benchmarks are nobody's, so that rules may be learned of few.
RULES: dict[str, ValidationRule] = {
    AUTO: ThresholdFromValidation(GAMMA, CHOICES, best_threshold, 1),
    QUALITY_P: ExpectedQuality("probabilities", 0.1, 1, GAMMA),
    QUALITY_D: ExpectedQuality("descriptors", 0.1, 1, GAMMA),
}
SOFT, HALF, SOUP = "soft", "soft, half global", "soup"
ALL_MODELS = "mean of all models"
#: Mixtures of all K + 1 models' probabilities by what quality is expected of each: the rule of each name.
ENSEMBLES = {f"mixture by {name}": name for name in (QUALITY_P, QUALITY_D)}
#: Of expected Dice in an ensemble: a model that is expected to be worse by this has 1 / e of the other's share.
TEMPERATURE = 0.05
ROUTINGS = (HARD, AUTO, QUALITY_P, QUALITY_D, SOFT, HALF, SOUP, ALL_MODELS, *ENSEMBLES)
ENDS = (PLAIN, MEAN, EMA, BEFORE_PULL, OWN_CHOICE)


@dataclass(frozen=True)
class Scored:
    """Every model of a state on some cases.

    cases: with the site of each; None for one outside the federation. probabilities: [N, K] float64, the selector's.
    dice: for each case by part name or name of a mixture, the mean over its structures. planes: by part name, the
    probabilities of the structures of each case.
    """

    cases: tuple[tuple[str | None, Case], ...]
    probabilities: torch.Tensor
    dice: tuple[Mapping[str, float], ...]
    planes: Mapping[str, Sequence[torch.Tensor]] = field(default_factory=dict)

    def of_site(self, site: str) -> tuple[torch.Tensor, list[Case], list[Mapping[str, float | None]]]:
        chosen = self.at(site)
        return self.probabilities[chosen], [self.cases[i][1] for i in chosen], [self.dice[i] for i in chosen]

    def at(self, site: str) -> list[int]:
        return [index for index, (owner, _) in enumerate(self.cases) if owner == site]


@dataclass(frozen=True)
class Learned:
    """What a rule learned of the round before: the state's part, and each site's sums in it, by `report_of`."""

    part: Tensors
    reports: Mapping[str, Tensors]


def scores_of_fedsm(
    strategy: FedSM,
    records: Sequence[RoundRecord],
    sites: Mapping[str, SiteData],
    outside: Sequence[Case],
    plan: Plan,
) -> dict[str, Any]:
    """By `<routing>` or `<routing>, <end>` as `scores_of_method`, and what other models score on the same state; an end
    that validation does not choose is left out.

    A rule of a state is learned on the validation of the state before, another end's on that of the last but one.
    """
    val = [(site, case) for site, data in sites.items() for case in data.val]
    test: list[tuple[str | None, Case]] = [(site, case) for site, data in sites.items() for case in data.test]
    states: dict[int | str, State] = {record.round: record.state for record in records[1:]}
    rules: dict[int, dict[str, Learned]] = {}
    validated: dict[int | str, Scored] = {}
    dice: dict[int | str, dict[str, float]] = {}

    def validate(name: int | str) -> None:
        learned = rules[min(name, plan.rounds) if isinstance(name, int) else plan.rounds]
        scored = score_state(strategy, states[name], val, plan)
        dice[name] = {routing: fmean(chosen(routing, scored, learned, plan)) for routing in ROUTINGS}
        validated[name] = replace(scored, planes={})

    for number in range(1, plan.rounds + 1):
        rules[number] = learned_of(validated.get(number - 1), plan)
        validate(number)
    others = {
        **averages(records, plan),
        **before_pull(strategy, records[plan.rounds - 1].state, states[plan.rounds], plan),
    }
    states.update(others.items())
    for name in others:
        validate(name)
    if BEFORE_PULL in others:
        states[OWN_CHOICE] = _own_choice(states, validated, plan)
        validate(OWN_CHOICE)
    tested: dict[int | str, Scored] = {}
    found = {}
    for routing in ROUTINGS:
        for end in ENDS:
            allowed = [name for name in dice if isinstance(name, int) or name == end]
            best = max(allowed, key=lambda name: dice[name][routing])
            if end != PLAIN and isinstance(best, int):
                continue
            if best not in tested:
                tested[best] = score_state(strategy, states[best], [*test, *((None, case) for case in outside)], plan)
            learned = rules[best if isinstance(best, int) else plan.rounds]
            row = _row(routing, validated[best], tested[best], learned, plan, len(test))
            if routing != HARD:  # the gap is taken apart for the paper's routing
                row = {name: row[name] for name in row if name not in (GLOBAL_ONLY, BEST_THRESHOLD, BOUND)}
            found[", ".join(filter(None, (routing, end)))] = {
                "best_round": best if isinstance(best, int) else plan.rounds + 1,
                "validation": dice[best][routing],
                **row,
            }
    return found


def before_pull(strategy: FedSM, last_but_one: State, last: State, plan: Plan) -> dict[str, State]:
    """The last state with each site's model as the site trained it: SoftPull of the last round undone, and the step of
    momentum after it. SoftPull's mean over sites is that of the trained models, so that each of them is a linear
    function of the pulled ones. Nothing where the last round pulled nothing, or not all tensors and sites alike."""
    beyond, num = strategy.beyond, len(plan.sites)
    lambda_ = Pull(strategy.lambda_, beyond.lambda_start, 0.0, 0).of_round(plan.rounds, plan.rounds)
    if beyond.rounds_without_pull or beyond.pull_by_depth or strategy.similarity or lambda_ == 1 or num == 1:
        return {}
    rho, others = (lambda_ * num - 1) / (num - 1), (1 - lambda_) / (num - 1)
    models = [last[personalized(site)] for site in plan.sites]
    if beyond.momentum_models == "all":
        beta = beta_of_round(beyond, plan.rounds)
        steps = {key: beta * v for key, v in last_but_one[SHARED_MOMENTUM].items()}
        models = [{key: t.double() - steps.get(key, 0) for key, t in model.items()} for model in models]
    trained: dict[str, Tensors] = {personalized(site): {} for site in plan.sites}
    for key in models[0]:
        total = torch.stack([model[key].double() for model in models]).sum(dim=0)
        for site, model in zip(plan.sites, models, strict=True):
            kind = last[personalized(site)][key].dtype
            trained[personalized(site)][key] = ((model[key].double() - others * total) / rho).to(kind)
    return {BEFORE_PULL: last | trained}


def _own_choice(states: Mapping[int | str, State], validated: Mapping[int | str, Scored], plan: Plan) -> State:
    """The last state, in which a site's model is as it was before the pull where that is better on its validation."""
    mixed = dict(states[plan.rounds])
    for site in plan.sites:
        part = personalized(site)
        pulled, trained = (
            fmean(validated[name].dice[i][part] for i in validated[name].at(site))
            for name in (plan.rounds, BEFORE_PULL)
        )
        if trained > pulled:
            mixed[part] = states[BEFORE_PULL][part]
    return mixed


def _row(
    routing: str, validated: Scored, tested: Scored, learned: Mapping[str, Learned], plan: Plan, num_inside: int
) -> dict[str, list[float]]:
    own = [of_case[personalized(site)] for (site, _), of_case in zip(tested.cases, tested.dice, strict=True) if site]
    models = models_of(plan.sites)
    of_cases = chosen(routing, tested, {name: replace(each, reports={}) for name, each in learned.items()}, plan)
    scores = {g: sum(_at_threshold(validated, g, plan)) for g in CHOICES}
    found = {
        "test": of_cases[:num_inside],
        KNOWN: own,
        GLOBAL_ONLY: [of_case[GLOBAL] for of_case in tested.dice][:num_inside],
        BEST_THRESHOLD: _at_threshold(tested, best_threshold(scores), plan)[:num_inside],
        BOUND: [max(of_case[name] for name in models) for of_case in tested.dice][:num_inside],
    }
    if outside := of_cases[num_inside:]:
        found[OUTSIDE] = outside
        found[OUTSIDE_GLOBAL] = [of_case[GLOBAL] for of_case in tested.dice][num_inside:]
    return {name: rounded(values) for name, values in found.items()}


def score_state(strategy: FedSM, state: State, cases: Sequence[tuple[str | None, Case]], plan: Plan) -> Scored:
    """Each model runs once on every case; a soup once on each."""
    images = [case for _, case in cases]
    rows = [list(each.probabilities.values()) for each in strategy.routes(state.__getitem__, images, plan)]
    parts = models_of(plan.sites)
    planes = {part: list(predict_probabilities(load_network(plan, state[part]), images, plan)) for part in parts}
    dice: list[dict[str, float]] = []
    for index, (case, row) in enumerate(zip(images, rows, strict=True)):
        of_sites = {personalized(site): p for site, p in zip(plan.sites, row, strict=True)}
        of_models = {part: each[index] for part, each in planes.items()}
        network = load_network(
            plan, soup({part: state[part] for part, p in of_sites.items() if p > 0}, _present(of_sites))
        )
        (of_soup,) = predict_probabilities(network, [case], plan)
        half = {GLOBAL: 0.5} | {part: p / 2 for part, p in of_sites.items()}
        dice.append(
            {part: _dice(of_models[part], case, plan) for part in parts}
            | {
                SOFT: _dice(_mixed(of_models, of_sites), case, plan),
                HALF: _dice(_mixed(of_models, half), case, plan),
                SOUP: _dice(of_soup, case, plan),
                ALL_MODELS: _dice(_mixed(of_models, dict.fromkeys(parts, 1 / len(parts))), case, plan),
            }
        )
    return Scored(tuple(cases), torch.tensor(rows, dtype=torch.float64), tuple(dice), planes)


def _present(shares: Mapping[str, float]) -> dict[str, float]:
    return {part: share for part, share in shares.items() if share > 0}


def _mixed(planes: Mapping[str, torch.Tensor], shares: Mapping[str, float]) -> torch.Tensor:
    return sum((planes[part] * share for part, share in _present(shares).items()), torch.zeros(()))


def _dice(planes: torch.Tensor, case: Case, plan: Plan) -> float:
    mask = to_original(planes, case.reference_original.shape[1:])
    score = mean_over_structures(case_dice(plan.structures, mask, case.reference_original))
    if score is None:
        raise ValueError(f"{case.name} has no structure: choose other sites")
    return score


def learned_of(before: Scored | None, plan: Plan) -> dict[str, Learned]:
    """What each rule learns of the round before, by the engine's own sums; of the first round nothing."""
    found = {}
    for name, rule in RULES.items():
        reports = {report_of(site): rule.report(*before.of_site(site), plan) for site in plan.sites} if before else {}
        reports = {site: report for site, report in reports.items() if report}
        found[name] = Learned(learned_from(rule, reports, plan) if reports else rule.initial(), reports)
    return found


def chosen(routing: str, scored: Scored, learned: Mapping[str, Learned], plan: Plan) -> list[float]:
    """The Dice of each case by what the routing takes for it. learned: without reports for cases that nothing was
    learned from."""
    if routing == HARD:
        return _at_threshold(scored, GAMMA, plan)
    if routing not in RULES and routing not in ENSEMBLES:
        return [of_case[routing] for of_case in scored.dice]
    found = [0.0] * len(scored.cases)
    for where, solved in _solved(ENSEMBLES.get(routing, routing), scored, learned, plan):
        cases, rows = [scored.cases[i][1] for i in where], scored.probabilities[where]
        if routing in ENSEMBLES:
            values = _ensemble(routing, scored, where, solved, plan)
        else:
            names = RULES[routing].choose(solved, rows, cases, plan)
            values = [scored.dice[i][name] for i, name in zip(where, names, strict=True)]
        for index, value in zip(where, values, strict=True):
            found[index] = value
    return found


def _solved(
    rule_name: str, scored: Scored, learned: Mapping[str, Learned], plan: Plan
) -> Iterator[tuple[list[int], Tensors]]:
    """Yields positions of cases, and what is learned without them."""
    rule, of_rule = RULES[rule_name], learned[rule_name]
    if not of_rule.reports:
        yield list(range(len(scored.cases))), of_rule.part
        return
    for site in plan.sites:
        own = of_rule.reports.get(report_of(site), {})
        where = scored.at(site)
        for members, solved in rule.without_own(of_rule.part, own, *scored.of_site(site), plan) if where else ():
            yield [where[i] for i in members], solved


def _ensemble(routing: str, scored: Scored, where: Sequence[int], solved: Tensors, plan: Plan) -> list[float]:
    """Of cases, the mixture of all models by their expected quality; before there is any, of the plain mean."""
    rule = RULES[ENSEMBLES[routing]]
    if not isinstance(rule, ExpectedQuality) or "mean" not in solved:
        return [scored.dice[i][ALL_MODELS] for i in where]
    cases = [scored.cases[i][1] for i in where]
    expected = rule.expected(solved, rule.described(scored.probabilities[list(where)], cases, plan))
    shares = torch.softmax(expected / TEMPERATURE, dim=1).tolist()
    parts = models_of(plan.sites)
    return [
        _dice(
            _mixed({part: scored.planes[part][i] for part in parts}, dict(zip(parts, row, strict=True))),
            scored.cases[i][1],
            plan,
        )
        for i, row in zip(where, shares, strict=True)
    ]


def _at_threshold(scored: Scored, gamma: float, plan: Plan) -> list[float]:
    names: Iterator[str] = (route(row, plan.sites, gamma) for row in scored.probabilities.tolist())
    return [of_case[name] for of_case, name in zip(scored.dice, names, strict=True)]
