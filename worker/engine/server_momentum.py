"""Momentum of the global model at the server, for FedSM: FedAvgM's rule (Hsu et al., 2019) with a learning rate of 1.

v <- beta v + (average - w_g),        w_g <- w_g + v
"""

import torch

from worker.engine.plan import Plan
from worker.engine.plan_network import parameter_keys
from worker.engine.state import Tensors

#: Part name of v, in float64; no site receives it.
MOMENTUM = "server_momentum"


def initial_momentum(weights: Tensors, plan: Plan) -> Tensors:
    """v before round 1: 0 for each trained tensor. Running statistics have none."""
    keys = parameter_keys(plan)
    return {key: torch.zeros(tensor.shape, dtype=torch.float64) for key, tensor in weights.items() if key in keys}


def with_momentum(before: Tensors, average: Tensors, momentum: Tensors, beta: float) -> tuple[Tensors, Tensors]:
    """The next w_g and the next v.

    before: w_g that the sites received. average: of what they made of it. beta: above 0, below 1.
    """
    moved = {key: beta * v + (average[key].double() - before[key].double()) for key, v in momentum.items()}
    weights = {
        key: (before[key].double() + moved[key]).to(tensor.dtype) if key in moved else tensor
        for key, tensor in average.items()
    }
    return weights, moved
