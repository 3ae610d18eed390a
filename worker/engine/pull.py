"""SoftPull whose lambda differs by depth and over the rounds, or that ends before the last: options beyond the paper.

docs/theory.md, claims 16 and 17, says what each does to the objective.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from worker.engine.aggregation import soft_pull
from worker.engine.networks.depth import Depth, depths
from worker.engine.plan import Plan
from worker.engine.plan_network import blank_network
from worker.engine.similarity import soft_pull_weighted
from worker.engine.state import Tensors


@dataclass(frozen=True)
class Pull:
    """lambda for each round and each tensor.

    lambda_: in the last round, or in all.
    start: in round 1, from where lambda changes linearly; None: it is lambda_ in all rounds.
    by_depth: 0 pulls all tensors alike; the nearer to 1, the nearer is the encoder's lambda to 1 / K (one encoder for
    all sites), and that of the output layer and of normalization layers to 1 (each site its own). The decoder's is
    lambda itself.
    rounds_without: the number of last rounds that pull nothing.
    """

    lambda_: float
    start: float | None
    by_depth: float
    rounds_without: int

    def leaves_alone(self, round_: int, rounds: int) -> bool:
        """Whether a round, 1 for the first, pulls nothing."""
        return round_ > rounds - self.rounds_without

    def of_round(self, round_: int, rounds: int) -> float:
        """lambda of a round, 1 for the first."""
        if self.start is None or rounds == 1:
            return self.lambda_
        share = min(round_ - 1, rounds - 1) / (rounds - 1)
        return self.start + share * (self.lambda_ - self.start)


def lambda_at(depth: Depth, lambda_: float, by_depth: float, num_sites: int) -> float:
    """lambda of the tensors at a depth, between 1 / K and 1. lambda_: the round's; num_sites: K, those present."""
    match depth:
        case "encoder":
            return lambda_ - by_depth * (lambda_ - 1 / num_sites)
        case "decoder":
            return lambda_
        case "site":
            return lambda_ + by_depth * (1 - lambda_)


def pulled(
    pull: Pull, models: Sequence[Tensors], weights: torch.Tensor | None, plan: Plan, round_: int
) -> list[Tensors]:
    """SoftPull of the models of the sites present, at least one, in site order.

    weights: [K, K], of `similarity_weights`, or None: equal shares.
    """
    if pull.leaves_alone(round_, plan.rounds):
        return [dict(model) for model in models]
    # With fewer sites present 1 / K rises; a lambda below it would give a site more of the others than of itself.
    lambda_ = max(pull.of_round(round_, plan.rounds), 1 / len(models))
    if pull.by_depth == 0:
        return _pulled(models, lambda_, weights)
    depth_of = depths(plan.network, blank_network(plan))
    mixed: list[Tensors] = [{} for _ in models]
    for depth in dict.fromkeys(depth_of.values()):
        keys = [key for key in models[0] if depth_of[key] == depth]
        at_depth = [{key: model[key] for key in keys} for model in models]
        own = lambda_at(depth, lambda_, pull.by_depth, len(models))
        for whole, part in zip(mixed, _pulled(at_depth, own, weights), strict=True):
            whole.update(part)
    return [{key: model[key] for key in models[0]} for model in mixed]


def _pulled(models: Sequence[Tensors], lambda_: float, weights: torch.Tensor | None) -> list[Tensors]:
    return soft_pull(models, lambda_) if weights is None else soft_pull_weighted(models, lambda_, weights)
