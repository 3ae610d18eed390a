"""FedDyn: Acar et al., "Federated Learning Based on Dynamic Regularization", ICLR 2021, algorithm 1.

Site k minimises F_k(w) - <h_k, w> + alpha / 2 ||w - w_g||^2 and then sets h_k <- h_k - alpha (w_k - w_g). The server:

    h <- h - alpha / K * sum over present k of (w_k - w_g)         w_g <- mean of the present w_k - h / alpha

The paper's argmin is approximated by the plan's local work. Running statistics are averaged: they have no h.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import final

import torch

from worker.engine.aggregation import linear_combination, weighted_average
from worker.engine.data import ParticipantData
from worker.engine.local_training import Proximal
from worker.engine.plan import Plan
from worker.engine.plan_network import parameter_keys
from worker.engine.state import GLOBAL, State
from worker.engine.strategies.base import GlobalModelStrategy, SiteContext, SiteUpdate, initial_weights, train_model

#: Part name of the server's h; `dynamic/<site>` is a site's h_k. They have parameters only.
DYNAMIC = "dynamic"


def dynamic_of(site: str) -> str:
    """Part name of a site's h_k."""
    return f"{DYNAMIC}/{site}"


@final
@dataclass(frozen=True)
class FedDyn(GlobalModelStrategy):
    """The method of this file. The paper's mean counts every site once; the server keeps the h_k for their sites.

    alpha: strength of the regularization, above 0.
    """

    alpha: float

    def initial_state(self, plan: Plan) -> State:
        weights = initial_weights(plan)
        zeros = {key: torch.zeros_like(weights[key]) for key in sorted(parameter_keys(plan))}
        return {GLOBAL: weights, DYNAMIC: zeros} | {dynamic_of(site): zeros for site in plan.sites}

    def downloads(self, part_names: Collection[str], participant: str) -> tuple[str, ...]:  # noqa: ARG002
        return GLOBAL, dynamic_of(participant)

    def uploads(self, participant: str) -> tuple[str, ...]:
        return GLOBAL, dynamic_of(participant)

    def train_site(self, parts: State, data: ParticipantData, context: SiteContext) -> SiteUpdate:
        own, received = dynamic_of(context.participant), parts[GLOBAL]
        drift = {key: -tensor for key, tensor in parts[own].items()}
        near = Proximal(self.alpha, received)
        update = train_model(received, data, context, "global", context.on_progress, near, drift)
        trained = update.parts["global"]
        gradient = {key: h - self.alpha * (trained[key] - received[key]) for key, h in parts[own].items()}
        return replace(update, parts={GLOBAL: trained, own: gradient})

    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan, round_: int) -> State:  # noqa: ARG002
        models = [update.parts[GLOBAL] for update in updates.values()]
        mean = weighted_average(models, [1.0] * len(models))
        keys = state[DYNAMIC]
        change = linear_combination([{k: m[k] for k in keys} for m in (mean, state[GLOBAL])], [1.0, -1.0])
        step = self.alpha * len(models) / len(plan.sites)
        server = linear_combination([state[DYNAMIC], change], [1.0, -step])
        moved = linear_combination([{k: mean[k] for k in keys}, server], [1.0, -1 / self.alpha])
        own = {dynamic_of(site): update.parts[dynamic_of(site)] for site, update in updates.items()}
        return state | own | {GLOBAL: mean | moved, DYNAMIC: server}
