"""FedSM: Xu et al., "Closing the Generalization Gap of Cross-silo Federated Medical Image Segmentation", CVPR 2022.

The super model is a global model w_g, a personalized model w_p,k for each site k, and a model selector w_s.
../README.md says which equation is which function.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, final

import torch

from worker.engine.beyond_paper import PAPER, Beyond
from worker.engine.data import Case, ParticipantData
from worker.engine.metrics import Metric, ModelKind, case_dice, dice_metrics, mean_over_structures
from worker.engine.plan import Plan
from worker.engine.pull import Pull, pulled
from worker.engine.routing.base import ValidationRule, check_reports, learned_parts, own_sums, report_of
from worker.engine.routing.metrics import routing_metrics
from worker.engine.selectors.base import SELECTOR, Selector, one_answer_a_patient, route
from worker.engine.server_momentum import initial_momenta, moved_by_momentum
from worker.engine.similarity import similarity_weights
from worker.engine.state import GLOBAL, State, personalized
from worker.engine.strategies.base import (
    CaseRoute,
    LoadPart,
    SiteContext,
    SiteUpdate,
    Strategy,
    average_part,
    fusion_of,
    initial_weights,
    train_model,
    update_weights,
)
from worker.engine.super_model import MIXTURE, predict_cases


@final
@dataclass(frozen=True)
class FedSM(Strategy):
    """The method of this file. similarity above 0, soft routing and `beyond` go beyond the paper.

    lambda_: SoftPull's share of a site's own model, 0 to 1.
    gamma: the selector's threshold in the super model, 0 to 1.
    selector: w_s.
    similarity: with 0 SoftPull takes equally from the other sites, as in the paper; above 0 it takes more from sites
    whose images are alike.
    routing: hard chooses one model for a case; soft mixes the sites' models by the selector's probabilities.
    rule: in place of gamma, what validation cases choose a case's model by; None: gamma is the threshold. It does
    nothing under soft routing.
    beyond: further options.
    """

    lambda_: float
    gamma: float
    selector: Selector
    similarity: float
    routing: Literal["hard", "soft"]
    rule: ValidationRule | None = None
    beyond: Beyond = PAPER

    @property
    def criterion(self) -> ModelKind:
        return "super"

    def initial_state(self, plan: Plan) -> State:
        """All segmentation models begin as one."""
        weights = initial_weights(plan)
        models = {GLOBAL: weights} | {personalized(site): weights for site in plan.sites}
        learned = {self.rule.part: self.rule.initial()} if self.rule is not None else {}
        return models | self.selector.initial_parts(plan) | learned | initial_momenta(self.beyond, weights, plan)

    def downloads(self, part_names: Collection[str], participant: str) -> tuple[str, ...]:
        """w_g, only the participant's own w_p,k, and w_s (with what the selector needs of its own earlier updates)."""
        wanted = (GLOBAL, personalized(participant), *self.selector.downloads(participant))
        return tuple(name for name in wanted if name in part_names)

    def train_site(self, parts: State, data: ParticipantData, context: SiteContext) -> SiteUpdate:
        """Site k trains, each independently: a copy of w_g, its w_p,k on the same loss, and w_s."""
        own, report, plan = personalized(context.participant), context.on_progress, context.plan
        shared = train_model(parts[GLOBAL], data, context, "global", lambda done: report(0.45 * done))
        private = train_model(parts[own], data, context, "personalized", lambda done: report(0.45 + 0.45 * done))
        selector = self.selector.site_update(
            parts, data, context.participant, context.round, plan, lambda done: report(0.9 + 0.1 * done)
        )
        return SiteUpdate(
            parts={GLOBAL: shared.parts["global"], own: private.parts["personalized"], **selector},
            num_cases=shared.num_cases,
            num_steps=shared.num_steps,
            local_state=shared.local_state | private.local_state,
            metrics=shared.metrics + private.metrics,
        )

    def uploads(self, participant: str) -> tuple[str, ...]:
        return GLOBAL, personalized(participant)

    def check_update(self, state: State, participant: str, update: SiteUpdate, plan: Plan) -> None:
        super().check_update(state, participant, update, plan)
        self.selector.check(state, participant, update.parts, plan)
        check_reports(self.rule, participant, update.parts, plan)

    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan, round_: int) -> State:
        """w_g: weighted mean. w_p,k: SoftPull among the sites present; an absent site's stays. w_s: as the selector
        does it."""
        selector = self.selector.aggregate(
            state, {site: update.parts for site, update in updates.items()}, update_weights(updates, plan), plan
        )
        weights = None
        if self.similarity > 0:
            weights = similarity_weights(self.selector.site_distances(selector, tuple(updates)), self.similarity)
        beyond, average = self.beyond, average_part(GLOBAL, updates, plan)
        pull = Pull(self.lambda_, beyond.lambda_start, beyond.pull_by_depth, beyond.rounds_without_pull)
        trained = {personalized(site): update.parts[personalized(site)] for site, update in updates.items()}
        models = dict(zip(trained, pulled(pull, list(trained.values()), weights, plan, round_), strict=True))
        return (
            {GLOBAL: average}
            | {personalized(site): state[personalized(site)] for site in plan.sites}
            | models
            | moved_by_momentum(beyond, state, average, models, round_, pull.leaves_alone(round_, plan.rounds))
            | selector
            | learned_parts(self.rule, state, [update.parts for update in updates.values()], plan)
        )

    def reported_models(self, participant: str) -> Mapping[ModelKind, str]:
        return {"global": GLOBAL, "personalized": personalized(participant)}

    def validated_parts(self, participant: str, plan: Plan) -> tuple[str, ...]:
        """All models where each is scored or mixed; else another site's is loaded for a case that is sent there."""
        everything = self.routing == "soft" or (self.rule is not None and self.rule.scores_all_models)
        sites = plan.sites if everything else (participant,)
        return (GLOBAL, *map(personalized, sites))

    def validate(self, load_part: LoadPart, data: ParticipantData, context: SiteContext) -> tuple[Metric, ...]:
        return self.validate_and_report(load_part, data, context)[0]

    def validate_and_report(
        self, load_part: LoadPart, data: ParticipantData, context: SiteContext
    ) -> tuple[tuple[Metric, ...], State]:
        """Dice of w_g, of the site's own w_p,k and of the super model; the selector's accuracy and share of w_g; and
        what the validation cases say of the rule. A rule chooses a case's model as it is learned without the case.

        Another site's model is loaded only where routing chooses it, or the rule needs its score.
        """
        plan, site = context.plan, context.participant
        cases = [case for site_data in data for case in site_data.val]
        if not cases:
            return (), {}
        routes = self.routes(load_part, cases, plan)
        wanted = [{GLOBAL, personalized(site), route_.chosen_model} - {MIXTURE} for route_ in routes]
        rows = [list(route_.probabilities.values()) for route_ in routes]
        if self.rule is not None:
            wanted = [names | self.rule.scored_parts(row, plan.sites) for names, row in zip(wanted, rows, strict=True)]
        shares = [route_.shares for route_ in routes]
        masks = predict_cases(load_part, cases, wanted, plan, shares, fusion_of(routes), context.on_progress)
        dice = [
            {part: case_dice(plan.structures, mask, case.reference_original) for part, mask in by_part.items()}
            for case, by_part in zip(cases, masks, strict=True)
        ]
        names, report = [route_.chosen_model for route_ in routes], {}
        means = [{part: mean_over_structures(scores) for part, scores in case.items()} for case in dice]
        if self.rule is not None:
            learned, answers = load_part(self.rule.part), torch.tensor(rows, dtype=torch.float64)
            own = own_sums(load_part, learned, site, plan)
            if self.routing == "hard":
                names = self.rule.choose_without_own(learned, own, answers, cases, means, plan)
            sums = self.rule.report(answers, cases, means, plan)
            report = {report_of(site): sums} if sums else {}
        metrics = (
            *dice_metrics(context.round, "global", plan.structures, [case[GLOBAL] for case in dice]),
            *dice_metrics(context.round, "personalized", plan.structures, [case[personalized(site)] for case in dice]),
            *dice_metrics(
                context.round, "super", plan.structures, [case[name] for case, name in zip(dice, names, strict=True)]
            ),
            *routing_metrics(context.round, site, [r.probabilities for r in routes], names),
        )
        if self.rule is not None:
            metrics += self.rule.metrics(load_part(self.rule.part), context.round, len(cases))
        return metrics, report

    def validate_initial(
        self, part_names: Collection[str], load_part: LoadPart, data: ParticipantData, context: SiteContext
    ) -> tuple[Metric, ...]:
        """The scores of round 0; before there is a selector, the super model is the global model."""
        if SELECTOR in part_names:
            return self.validate(load_part, data, context)
        metrics = super().validate(load_part, data, context)
        return metrics + tuple(replace(metric, model="super") for metric in metrics if metric.model == "global")

    def routes(self, load_part: LoadPart, cases: Sequence[Case], plan: Plan) -> tuple[CaseRoute, ...]:
        """p = softmax(w_s(x)), one for all of a patient's cases; the personalized model where max p > gamma, else the
        global one. A rule that was learned chooses in place of gamma."""
        answers, unlike = self.selector.probabilities_and_unlikeness(load_part, cases, plan)
        probabilities = one_answer_a_patient(answers, cases)
        if self.routing == "soft":
            chosen = [MIXTURE] * len(cases)
        elif self.rule is not None:
            chosen = self.rule.choose(load_part(self.rule.part), probabilities, cases, plan)
        else:
            chosen = [route(row, plan.sites, self.gamma) for row in probabilities.tolist()]
        return tuple(
            CaseRoute(
                case.case_id,
                dict(zip(plan.sites, row, strict=True)),
                model,
                unlikeness=far.times_usual if far is not None else None,
                of_no_site=far is not None and far.of_no_site,
                fusion="weights" if self.beyond.mixture == "weights" else "mean",
                global_share=self.beyond.global_share,
            )
            for case, row, model, far in zip(cases, probabilities.tolist(), chosen, unlike, strict=True)
        )
