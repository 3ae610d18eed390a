"""FedBN: Li et al., "FedBN: Federated Learning on Non-IID Features via Local Batch Normalization", ICLR 2021,
algorithm 1; and SiloBN: Andreux et al., "Siloed Federated Learning for Multi-centric Histopathology Datasets", 2020.

Batch normalization adapts a network to a site's images. FedBN keeps its affine parameters and its running statistics at
the site, SiloBN the running statistics alone.
"""

from dataclasses import dataclass
from typing import Literal, final

from worker.engine.networks import batch_norm_keys, batch_norm_statistic_keys
from worker.engine.plan import Plan
from worker.engine.plan_network import blank_network
from worker.engine.strategies.partly_shared import PartlyShared


@final
@dataclass(frozen=True)
class FedBN(PartlyShared):
    """private: what stays at the site: all of batch norm (FedBN), or its running statistics alone (SiloBN)."""

    private: Literal["batch-norm", "statistics"]

    def private_keys(self, plan: Plan) -> frozenset[str]:
        """Of batch normalization. Raises ValueError for a network without it."""
        network = blank_network(plan)
        keys = batch_norm_keys(network) if self.private == "batch-norm" else batch_norm_statistic_keys(network)
        if not keys:
            raise ValueError(
                "FedBN and SiloBN keep batch normalization at the sites, and this network has none, so they would be "
                "FedAvg: set network.norm to batch, or choose another method"
            )
        return keys
