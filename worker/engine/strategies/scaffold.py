"""SCAFFOLD: Karimireddy et al., "SCAFFOLD: Stochastic Controlled Averaging for Federated Learning", ICML 2020,
algorithm 1 with option II.

Sites correct every gradient by c - c_k, the difference of the server's and their own control variate, and then set

    c_k <- c_k - c + (x - y_k) / (steps * learning rate)

from the model received, x, and the one trained, y_k. Without gradient clipping this is the mean of the round's
gradients. It is defined for plain SGD. Without drift between sites c = c_k, and it is FedAvg. As in the paper every
site counts once, because with weighted y_k and plain c_k the sites' corrections would not cancel.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import final

import torch

from worker.engine.aggregation import linear_combination, weighted_average
from worker.engine.data import ParticipantData
from worker.engine.optimizers import learning_rate_of
from worker.engine.plan import Plan
from worker.engine.plan_network import parameter_keys
from worker.engine.state import GLOBAL, State, Tensors
from worker.engine.strategies.base import (
    GlobalModelStrategy,
    SiteContext,
    SiteUpdate,
    initial_weights,
    train_model,
)

#: Part name of the server's control variate; `control/<site>` is a site's. Running statistics have no gradient and are
#: not in it.
CONTROL = "control"


def control_of(site: str) -> str:
    """Part name of a site's control variate c_k."""
    return f"{CONTROL}/{site}"


@final
@dataclass(frozen=True)
class Scaffold(GlobalModelStrategy):
    """The method of this file. The server keeps the sites' variates for them, so that a run can be resumed anywhere; a
    site receives its own only.

    server_learning_rate: eta_g of the paper, above 0.
    """

    server_learning_rate: float

    def initial_state(self, plan: Plan) -> State:
        weights = initial_weights(plan)
        zeros = {key: torch.zeros_like(weights[key]) for key in sorted(parameter_keys(plan))}
        return {GLOBAL: weights, CONTROL: zeros} | {control_of(site): zeros for site in plan.sites}

    def downloads(self, part_names: Collection[str], participant: str) -> tuple[str, ...]:  # noqa: ARG002
        return GLOBAL, CONTROL, control_of(participant)

    def uploads(self, participant: str) -> tuple[str, ...]:
        return GLOBAL, control_of(participant)

    def train_site(self, parts: State, data: ParticipantData, context: SiteContext) -> SiteUpdate:
        own, received, server = control_of(context.participant), parts[GLOBAL], parts[CONTROL]
        drift = linear_combination([server, parts[own]], [1.0, -1.0])
        update = train_model(received, data, context, "global", context.on_progress, drift=drift)
        way = update.num_steps * learning_rate_of(context.plan.optimizer, context.round, context.plan.rounds)
        trained = update.parts["global"]
        control: Tensors = {key: parts[own][key] - server[key] + (received[key] - trained[key]) / way for key in server}
        return replace(update, parts={GLOBAL: trained, own: control})

    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan, round_: int) -> State:  # noqa: ARG002
        """x <- x + eta_g (mean of y_k - x); c <- c + sum over present k of (c_k's change) / K."""
        models = [update.parts[GLOBAL] for update in updates.values()]
        average = weighted_average(models, [1.0] * len(models))
        eta = self.server_learning_rate
        weights = average | linear_combination(
            [{key: model[key] for key in state[CONTROL]} for model in (state[GLOBAL], average)], [1 - eta, eta]
        )
        new = {control_of(site): update.parts[control_of(site)] for site, update in updates.items()}
        share = 1 / len(plan.sites)
        controls = [state[CONTROL], *new.values(), *(state[name] for name in new)]
        server = linear_combination(controls, [1.0, *[share] * len(new), *[-share] * len(new)])
        return state | new | {GLOBAL: weights, CONTROL: server}
