"""FedNova: Wang et al., "Tackling the Objective Inconsistency Problem in Heterogeneous Federated Optimization", NeurIPS
2020, equations 5 to 7.

Sites train as in FedAvg. The server divides the path of each site by the number ||a_k||_1 of gradients in it, so that a
site with more steps does not pull the objective to itself, and multiplies by the weighted mean of these numbers:

    w_g <- w_g + (sum_k p_k ||a_k||) * sum_k p_k (w_k - w_g) / ||a_k||

For plain SGD ||a|| = steps. For momentum rho, which begins anew in each round, ||a|| = (steps - rho (1 - rho^steps) /
(1 - rho)) / (1 - rho). With equal numbers of steps it is FedAvg.

p_k, the sites' weights in the objective, are those of the plan's weighting, as in FedAvg; the paper's are the cases.
The paper's gamma, the server's step, is 1. Gradient clipping and weight decay count as part of a gradient.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from worker.engine.aggregation import linear_combination
from worker.engine.plan import Plan
from worker.engine.plan_network import parameter_keys
from worker.engine.state import GLOBAL, State
from worker.engine.strategies.base import GlobalModelStrategy, SiteUpdate, average_part, update_weights


@final
@dataclass(frozen=True)
class FedNova(GlobalModelStrategy):
    """The method of this file; it has no hyper-parameter."""

    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan, round_: int) -> State:  # noqa: ARG002
        """The equation above for parameters. Running statistics, which have no gradients to count, are averaged as in
        FedAvg."""
        weights = update_weights(updates, plan)
        shares = [weight / sum(weights.values()) for weight in weights.values()]
        gradients = [accumulated_gradients(update.num_steps, plan.optimizer.momentum) for update in updates.values()]
        effective = sum(share * number for share, number in zip(shares, gradients, strict=True))
        factors = [effective * share / number for share, number in zip(shares, gradients, strict=True)]
        keys = parameter_keys(plan)
        models = [state[GLOBAL], *(update.parts[GLOBAL] for update in updates.values())]
        moved = linear_combination(
            [{key: model[key] for key in state[GLOBAL] if key in keys} for model in models],
            [1 - sum(factors), *factors],
        )
        return {GLOBAL: average_part(GLOBAL, updates, plan) | moved}


def accumulated_gradients(num_steps: int, momentum: float) -> float:
    """||a||_1 of SGD with (heavy-ball) momentum that begins at zero."""
    if momentum == 0:
        return float(num_steps)
    return (num_steps - momentum * (1 - momentum**num_steps) / (1 - momentum)) / (1 - momentum)
