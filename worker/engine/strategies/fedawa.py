"""FedAWA: Shi et al., "FedAWA: Adaptive Optimization of Aggregation Weights in Federated Learning Using Client
Vectors", CVPR 2025 (arXiv 2503.15842).

The server averages the sites with weights that it learns without data. Site k's vector is its change v_k = w_k - w_g.
With p = softmax(t) and the merged vector v = sum_k p_k v_k, it minimises over t

    sum_k p_k ||v_k - v||  +  sum_k p_k (1 - cos(w_g, w_k))

by a few steps of Adam a round: sites whose change lies near the merged one, and whose model lies near the global one,
gain weight. t begins at the logarithm of the schedule's weights, and goes on from round to round. A site that is absent
keeps its t. The authors' code begins with the weights themselves as t, and averages a round with the weights before its
last step. Its defaults, one step of 1e-3 a round, are made for hundreds of rounds: in 16 rounds t moves by 0.016 at
most, and the method is nearly FedAvg.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import torch

from worker.engine.aggregation import weighted_average
from worker.engine.plan import Plan
from worker.engine.plan_network import parameter_keys
from worker.engine.state import GLOBAL, State, Tensors
from worker.engine.strategies.base import GlobalModelStrategy, SiteUpdate, initial_weights, update_weights

#: Part name of the server's t, one number a site in site order, and whether a site has been seen; no site receives it.
SERVER = "server_weights"
LOGITS, SEEN = "logits", "seen"
#: Adam's decay rates at the server, the authors' code's.
BETAS = (0.5, 0.999)


@final
@dataclass(frozen=True)
class FedAWA(GlobalModelStrategy):
    """The method of this file.

    server_learning_rate: of t, above 0.
    server_steps: of Adam in each round, 0 or more; 0 is FedAvg.
    """

    server_learning_rate: float
    server_steps: int

    def initial_state(self, plan: Plan) -> State:
        server = {key: torch.zeros(len(plan.sites), dtype=torch.float64) for key in (LOGITS, SEEN)}
        return {GLOBAL: initial_weights(plan), SERVER: server}

    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan, round_: int) -> State:  # noqa: ARG002
        present = [plan.sites.index(site) for site in updates]
        server = {key: tensor.clone() for key, tensor in state[SERVER].items()}
        weights = torch.tensor(list(update_weights(updates, plan).values()), dtype=torch.float64)
        begun = (weights / weights.sum()).log()
        logits = torch.where(server[SEEN][present] > 0, server[LOGITS][present], begun)
        models = [update.parts[GLOBAL] for update in updates.values()]
        keys = sorted(parameter_keys(plan))
        if self.server_steps:
            before = _flat(state[GLOBAL], keys)
            logits = self.learned(logits, before, torch.stack([_flat(model, keys) for model in models]))
        server[LOGITS][present], server[SEEN][present] = logits, 1.0
        return {GLOBAL: weighted_average(models, torch.softmax(logits, dim=0).tolist()), SERVER: server}

    def learned(
        self,
        logits: torch.Tensor,
        before_P: torch.Tensor,  # noqa: N803 (shape suffix)
        models_KP: torch.Tensor,  # noqa: N803
    ) -> torch.Tensor:
        """t [K] after the round's steps. All float64: before is w_g, models the sites', P numbers each."""
        learned = logits.clone().requires_grad_()
        changes = models_KP - before_P
        away = 1 - torch.nn.functional.cosine_similarity(models_KP, before_P[None], dim=1)
        gram = changes @ changes.T  # ||v_k - v||^2 needs no vector of P numbers in each step
        optimizer = torch.optim.Adam([learned], lr=self.server_learning_rate, betas=BETAS)
        for _ in range(self.server_steps):
            optimizer.zero_grad()
            torch.autograd.backward(objective(learned, gram, away))
            optimizer.step()
        return learned.detach()


def objective(logits: torch.Tensor, gram_KK: torch.Tensor, away_K: torch.Tensor) -> torch.Tensor:  # noqa: N803
    """What is minimised, a scalar. gram: inner products of the sites' changes. away: 1 - cos(w_g, w_k)."""
    shares = torch.softmax(logits, dim=0)
    merged = gram_KK @ shares
    squares = gram_KK.diagonal() - 2 * merged + shares @ merged
    # The root has no gradient at 0, where a site's change is the merged one: one site, or equal ones.
    smallest = torch.finfo(torch.float64).eps * gram_KK.diagonal().max().clamp_min(torch.finfo(torch.float64).tiny)
    distances = squares.clamp_min(float(smallest)).sqrt()
    return (shares * (distances + away_K)).sum()


def _flat(model: Tensors, keys: list[str]) -> torch.Tensor:
    return torch.cat([model[key].double().flatten() for key in keys])
