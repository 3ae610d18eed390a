"""FedLWS: Shi et al., "FedLWS: Federated Learning with Adaptive Layer-wise Weight Shrinking", ICLR 2025
(arXiv 2503.15111).

FedAvg, after which the server shrinks each layer l of the average. With w_l the layer of the global model that the
sites received, d_kl the change of site k, d_l their plain mean and g_l the change of the weighted average,

    tau_l = beta / K * sum_k ||d_kl - d_l||, clipped to [min_tau, max_tau]
    gamma_l = ||w_l|| / (||w_l|| + tau_l ||g_l||)
    w_l <- gamma_l * average_l

So where the sites' changes disagree more, the layer is shrunk more. A layer here is the weight and the bias of one
module; buffers, such as running statistics, are averaged only. A convolution whose output is normalized without a
learned scale (MONAI's U-Net with instance norm) computes the same after it is shrunk: there the method changes only how
far the next steps turn it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import torch

from worker.engine.plan import Plan
from worker.engine.plan_network import parameter_keys
from worker.engine.state import GLOBAL, State, Tensors
from worker.engine.strategies.base import GlobalModelStrategy, SiteUpdate, average_part


@final
@dataclass(frozen=True)
class FedLWS(GlobalModelStrategy):
    """The method of this file.

    beta: how strongly disagreement shrinks a layer, 0 or more; with 0 tau is min_tau.
    min_tau, max_tau: bounds of tau, 0 or more.
    """

    beta: float
    min_tau: float
    max_tau: float

    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan, round_: int) -> State:  # noqa: ARG002
        average, before = average_part(GLOBAL, updates, plan), state[GLOBAL]
        models = [update.parts[GLOBAL] for update in updates.values()]
        shrunk = dict(average)
        for keys in _layers(parameter_keys(plan)).values():
            factor = self.shrinking(_flat(before, keys), _flat(average, keys), [_flat(model, keys) for model in models])
            for key in keys:
                shrunk[key] = (average[key].double() * factor).to(average[key].dtype)
        return {GLOBAL: shrunk}

    def shrinking(self, before: torch.Tensor, average: torch.Tensor, models: Sequence[torch.Tensor]) -> float:
        """gamma_l of one layer, above 0 to 1. All are flat float64; 1 where the layer was 0."""
        changes = torch.stack([model - before for model in models])
        disagreement = (changes - changes.mean(dim=0)).norm(dim=1).mean()
        tau = min(max(self.beta * float(disagreement), self.min_tau), self.max_tau)
        size = float(before.norm())
        return size / (size + tau * float((average - before).norm())) if size > 0 else 1.0


def _layers(keys: frozenset[str]) -> dict[str, list[str]]:
    """The parameters of each module, by the module's name."""
    layers: dict[str, list[str]] = {}
    for key in sorted(keys):
        layers.setdefault(key.rpartition(".")[0], []).append(key)
    return layers


def _flat(model: Tensors, keys: Sequence[str]) -> torch.Tensor:
    return torch.cat([model[key].double().flatten() for key in keys])
