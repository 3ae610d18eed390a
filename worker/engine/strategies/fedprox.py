"""FedProx: Li et al., "Federated Optimization in Heterogeneous Networks", MLSys 2020, equation 2.

FedAvg whose sites minimise F_k(w) + mu / 2 ||w - w_g||^2, w_g being the global model they received. mu = 0 is FedAvg.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from worker.engine.data import ParticipantData
from worker.engine.local_training import Proximal
from worker.engine.plan import Plan
from worker.engine.robust_aggregation import AggregationRule
from worker.engine.state import GLOBAL, State
from worker.engine.strategies.base import GlobalModelStrategy, SiteContext, SiteUpdate, combine_part, train_model


@final
@dataclass(frozen=True)
class FedProx(GlobalModelStrategy):
    """mu: strength of the pull towards the global model received, 0 or more. aggregation: as in FedAvg."""

    mu: float
    aggregation: AggregationRule

    def train_site(self, parts: State, data: ParticipantData, context: SiteContext) -> SiteUpdate:
        received = parts[GLOBAL]
        return train_model(received, data, context, "global", context.on_progress, Proximal(self.mu, received))

    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan, round_: int) -> State:  # noqa: ARG002
        return {GLOBAL: combine_part(GLOBAL, updates, plan, self.aggregation)}
