"""Federated averaging: McMahan et al., "Communication-Efficient Learning of Deep Networks from Decentralized Data",
AISTATS 2017, algorithm 1 with all sites in every round."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from worker.engine.plan import GLOBAL, Plan, State
from worker.engine.strategies.base import GlobalModelStrategy, SiteUpdate, average_part


@final
@dataclass(frozen=True)
class FedAvg(GlobalModelStrategy):
    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan) -> State:  # noqa: ARG002
        """w_g <- sum_k (n_k / n) w_k."""
        return {GLOBAL: average_part(GLOBAL, updates, plan)}
