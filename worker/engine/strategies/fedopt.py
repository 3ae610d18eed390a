"""Server optimizers: Reddi et al., "Adaptive Federated Optimization", ICLR 2021, algorithm 2 (FedAdam, FedYogi,
FedAdagrad), and FedAvgM: Hsu et al., "Measuring the Effects of Non-Identical Data Distribution for Federated Visual
Classification", 2019.

Sites train as in FedAvg. The server takes delta = average of the sites' models - w_g as a negative gradient:

    FedAvgM      m <- beta_1 m + delta                       w_g <- w_g + eta m
    the others   m <- beta_1 m + (1 - beta_1) delta          w_g <- w_g + eta m / (sqrt(v) + tau)
    FedAdam      v <- beta_2 v + (1 - beta_2) delta^2
    FedYogi      v <- v - (1 - beta_2) delta^2 sign(v - delta^2)
    FedAdagrad   v <- v + delta^2

m starts at 0 and v at tau^2, as in the paper. FedAvgM with beta_1 = 0 and eta = 1 is FedAvg. Running statistics of
batch norm are averaged: a step of the optimizer could make a variance negative.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, final

import torch

from worker.engine.plan import Plan
from worker.engine.plan_network import parameter_keys
from worker.engine.robust_aggregation import AggregationRule
from worker.engine.state import GLOBAL, State, Tensors
from worker.engine.strategies.base import GlobalModelStrategy, SiteUpdate, combine_part, initial_weights

#: Part name of the server's m and v, in float64; no site receives them.
SERVER = "server_optimizer"


@final
@dataclass(frozen=True)
class FedOpt(GlobalModelStrategy):
    """The methods of this file.

    rule: momentum is FedAvgM; the others are named as the paper's.
    server_learning_rate: eta, above 0.
    beta_1: of m, 0 to below 1.
    beta_2: of v; FedAvgM and FedAdagrad do not use it.
    tau: added to the root of v; FedAvgM does not use it.
    aggregation: the rule that makes the average.
    """

    rule: Literal["momentum", "adam", "yogi", "adagrad"]
    server_learning_rate: float
    beta_1: float
    beta_2: float
    tau: float
    aggregation: AggregationRule

    def initial_state(self, plan: Plan) -> State:
        weights = initial_weights(plan)
        server: Tensors = {}
        for key in sorted(parameter_keys(plan)):
            tensor = weights[key]
            server[f"m.{key}"] = torch.zeros(tensor.shape, dtype=torch.float64)
            if self.rule != "momentum":
                server[f"v.{key}"] = torch.full(tensor.shape, self.tau**2, dtype=torch.float64)
        return {GLOBAL: weights, SERVER: server}

    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan, round_: int) -> State:  # noqa: ARG002
        average = combine_part(GLOBAL, updates, plan, self.aggregation)
        weights, server = dict(average), dict(state[SERVER])
        for key, old in state[GLOBAL].items():
            if f"m.{key}" in server:
                delta = average[key].double() - old.double()
                step = self._step(key, delta, server)
                weights[key] = (old.double() + self.server_learning_rate * step).to(old.dtype)
        return {GLOBAL: weights, SERVER: server}

    def _step(self, key: str, delta: torch.Tensor, server: Tensors) -> torch.Tensor:
        """The direction of one tensor. Writes its new m and v into `server`."""
        fresh = 1.0 if self.rule == "momentum" else 1 - self.beta_1
        m = self.beta_1 * server[f"m.{key}"] + fresh * delta
        server[f"m.{key}"] = m
        if self.rule == "momentum":
            return m
        v = self._second_moment(server[f"v.{key}"], delta**2)
        server[f"v.{key}"] = v
        return m / (v.sqrt() + self.tau)

    def _second_moment(self, v: torch.Tensor, square: torch.Tensor) -> torch.Tensor:
        match self.rule:
            case "adam":
                return self.beta_2 * v + (1 - self.beta_2) * square
            case "yogi":
                return v - (1 - self.beta_2) * square * torch.sign(v - square)
            case "adagrad":
                return v + square
            case "momentum":
                raise AssertionError("FedAvgM has no second moment")
