"""Federated averaging: McMahan et al., "Communication-Efficient Learning of Deep Networks from Decentralized Data",
AISTATS 2017, algorithm 1."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from worker.engine.plan import Plan
from worker.engine.robust_aggregation import AggregationRule
from worker.engine.state import GLOBAL, State
from worker.engine.strategies.base import GlobalModelStrategy, SiteUpdate, combine_part


@final
@dataclass(frozen=True)
class FedAvg(GlobalModelStrategy):
    """aggregation: the rule that makes one model of the sites' models."""

    aggregation: AggregationRule

    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan, round_: int) -> State:  # noqa: ARG002
        """w_g <- sum_k (n_k / n) w_k, or another rule in place of the mean."""
        return {GLOBAL: combine_part(GLOBAL, updates, plan, self.aggregation)}
