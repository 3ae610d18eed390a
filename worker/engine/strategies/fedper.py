"""FedPer: Arivazhagan et al., "Federated Learning with Personalization Layers", 2019, algorithm 1.

The output layer stays each site's own; all layers are trained together. The paper's K_P, the number of personal layers,
is this one layer here, as far as a segmentation network has a head.
"""

from dataclasses import dataclass
from typing import final

from worker.engine.networks import head_keys
from worker.engine.plan import Plan
from worker.engine.plan_network import blank_network
from worker.engine.strategies.partly_shared import PartlyShared


@final
@dataclass(frozen=True)
class FedPer(PartlyShared):
    """The method of this file; it has no hyper-parameter."""

    def private_keys(self, plan: Plan) -> frozenset[str]:
        return head_keys(plan.network, blank_network(plan))
