"""Momentum at the server, for FedSM: FedAvgM's rule (Hsu et al., 2019) with a learning rate of 1.

Of the global model:
    v <- beta v + (average - w_g),                      w_g <- w_g + v
Of the mean of the personalized models, where all models have momentum:
    v <- beta v + mean over k of (p_k - w_k),           w_k <- p_k + beta (v before)
with p_k what SoftPull made of site k's model. All sites move by one step, so that what sets them apart is SoftPull's
alone (docs/theory.md, claim 18).

With a warm-up of s rounds beta is at most (t - 1) / (t - 1 + s) in round t: the first rounds, whose changes say little
of where training ends, are hardly carried on. s = 3 is the sequence of Nesterov's accelerated gradient (Su, Boyd and
Candes, "A Differential Equation for Modeling Nesterov's Accelerated Gradient Method", JMLR 2016, where s is r).
"""

from collections.abc import Mapping, Sequence

import torch

from worker.engine.beyond_paper import Beyond
from worker.engine.plan import Plan
from worker.engine.plan_network import parameter_keys
from worker.engine.pulse import pulse
from worker.engine.room import empty_model
from worker.engine.state import GLOBAL, State, Tensors

#: Part names of the global model's v and of that of the personalized models' mean, in float64; no site receives them.
MOMENTUM, SHARED_MOMENTUM = "server_momentum", "server_momentum_of_mean"


def initial_momenta(beyond: Beyond, weights: Tensors, plan: Plan) -> State:
    """The parts of v before round 1, of the models that have momentum."""
    if beyond.server_momentum == 0:
        return {}
    names = (MOMENTUM, SHARED_MOMENTUM) if beyond.momentum_models == "all" else (MOMENTUM,)
    return {name: initial_momentum(weights, plan) for name in names}


def beta_of_round(beyond: Beyond, round_: int) -> float:
    """beta of a round, 1 for the first."""
    if beyond.momentum_warmup == 0:
        return beyond.server_momentum
    return min(beyond.server_momentum, (round_ - 1) / (round_ - 1 + beyond.momentum_warmup))


def moved_by_momentum(
    beyond: Beyond, state: State, average: Tensors, models: Mapping[str, Tensors], round_: int, leaves_alone: bool
) -> State:
    """The models that momentum moves, and each v.

    state: of the round before. average: of the global models. models: the personalized ones of the sites present, after
    SoftPull, by part. round_: 1 for the first. leaves_alone: the round pulls nothing, so personalized models and their
    v stay as they are.
    """
    if beyond.server_momentum == 0:
        return {}
    beta = beta_of_round(beyond, round_)
    weights, momentum = with_momentum(state[GLOBAL], average, state[MOMENTUM], beta)
    parts = {GLOBAL: weights, MOMENTUM: momentum}
    if beyond.momentum_models == "global":
        return parts
    if leaves_alone:
        return parts | {SHARED_MOMENTUM: state[SHARED_MOMENTUM]}
    before = [state[name] for name in models]
    moved, momentum = with_shared_momentum(before, list(models.values()), state[SHARED_MOMENTUM], beta)
    return parts | dict(zip(models, moved, strict=True)) | {SHARED_MOMENTUM: momentum}


def initial_momentum(weights: Tensors, plan: Plan) -> Tensors:
    """v before round 1: 0 for each trained tensor. Running statistics have none."""
    keys = parameter_keys(plan)
    return {key: torch.zeros(tensor.shape, dtype=torch.float64) for key, tensor in weights.items() if key in keys}


def with_momentum(before: Tensors, average: Tensors, momentum: Tensors, beta: float) -> tuple[Tensors, Tensors]:
    """The next w_g and the next v.

    before: w_g that the sites received. average: of what they made of it. beta: 0 to below 1.
    """
    moved = {key: beta * v + (average[key].double() - before[key].double()) for key, v in momentum.items()}
    weights = {
        key: (before[key].double() + moved[key]).to(tensor.dtype) if key in moved else tensor
        for key, tensor in average.items()
    }
    return weights, moved


def with_shared_momentum(
    before: Sequence[Tensors], pulled: Sequence[Tensors], momentum: Tensors, beta: float
) -> tuple[list[Tensors], Tensors]:
    """The next w_k of the sites present, and the next v. Sums run in site order.

    before: the w_k that these sites received, at least one. pulled: what SoftPull made of them. momentum: v. beta:
    0 to below 1.
    """
    models, moved = [empty_model(model) for model in pulled], {}
    for key in pulled[0]:
        pulse()
        kept = beta * momentum[key] if key in momentum else None
        for model, after in zip(models, pulled, strict=True):
            model[key].copy_(after[key] if kept is None else after[key].double() + kept)
        if kept is not None:
            total = torch.zeros_like(kept)
            for old, after in zip(before, pulled, strict=True):
                total += after[key].double() - old[key].double()
            moved[key] = kept + total / len(pulled)
    return models, moved
