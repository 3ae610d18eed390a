"""MOON: Li et al., "Model-Contrastive Federated Learning", CVPR 2021, equations 3 and 4, algorithm 1.

FedAvg whose sites add to the loss of a batch a model-contrastive term: for each image with representation z of the
model in training, z_glob of the global model received and z_prev of the site's own model of its previous round,

    l_con = -log( exp(sim(z, z_glob) / tau) / (exp(sim(z, z_glob) / tau) + exp(sim(z, z_prev) / tau)) )

with sim the cosine similarity; the loss is l_seg + mu * l_con. A representation here is the bottleneck's activations,
averaged over space, without the paper's projection head: a segmentation network has no vector before its classifier.
In a site's first round there is no previous model and no term. The previous model stays at the site.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import final

import torch
from torch import nn
from torch.nn.functional import cosine_similarity, cross_entropy

from worker.engine.data import ParticipantData
from worker.engine.local_training import BatchTerm
from worker.engine.networks import bottleneck
from worker.engine.plan import Plan
from worker.engine.plan_network import load_network
from worker.engine.state import GLOBAL, State, Tensors
from worker.engine.strategies.base import GlobalModelStrategy, SiteContext, SiteUpdate, average_part, train_model

#: Name of the site's model of its previous round, which it keeps next to the optimizer's state.
PREVIOUS = "previous"


@final
@dataclass(frozen=True)
class Moon(GlobalModelStrategy):
    """The method of this file.

    mu: strength of the contrastive term, 0 or more; 0 is FedAvg, to the bit.
    temperature: tau, above 0.
    """

    mu: float
    temperature: float

    def train_site(self, parts: State, data: ParticipantData, context: SiteContext) -> SiteUpdate:
        received, previous = parts[GLOBAL], (context.local_state or {}).get(PREVIOUS)
        term = None
        if self.mu > 0 and previous is not None:
            term = Contrast(self.mu, self.temperature, context.plan, received, previous)
        update = train_model(received, data, context, "global", context.on_progress, term=term)
        return replace(update, local_state=update.local_state | {PREVIOUS: update.parts["global"]})

    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan, round_: int) -> State:  # noqa: ARG002
        return {GLOBAL: average_part(GLOBAL, updates, plan)}


class Contrast(BatchTerm):
    """mu * l_con of a batch: the mean over its images. Both other models are frozen."""

    def __init__(self, mu: float, temperature: float, plan: Plan, received: Tensors, previous: Tensors) -> None:
        self._mu, self._temperature, self._plan = mu, temperature, plan
        self._others = [load_network(plan, weights).eval() for weights in (received, previous)]
        self._seen: dict[nn.Module, torch.Tensor] = {}
        for network in self._others:
            self._listen(network)
        self._trained: nn.Module | None = None

    def attach(self, network: nn.Module) -> None:
        self._trained = network
        self._listen(network)

    def value(self, images: torch.Tensor) -> torch.Tensor:
        assert self._trained is not None
        own = self._seen[self._trained]
        with torch.no_grad():
            for network in self._others:
                network(images)
        shared, previous = (self._seen[network] for network in self._others)
        return self._mu * contrast(own, shared, previous, self._temperature)

    def _listen(self, network: nn.Module) -> None:
        def keep(_module: nn.Module, _inputs: object, output: torch.Tensor) -> None:
            self._seen[network] = output.float().flatten(2).mean(dim=2)

        bottleneck(self._plan.network, network).register_forward_hook(keep)


def contrast(own: torch.Tensor, shared: torch.Tensor, previous: torch.Tensor, temperature: float) -> torch.Tensor:
    """l_con, the mean over images: a scalar. Each is [B, F], the representations by one model."""
    similar = torch.stack([cosine_similarity(own, other, dim=1) for other in (shared, previous)], dim=1)
    return cross_entropy(similar / temperature, torch.zeros(len(own), dtype=torch.long, device=own.device))
