"""FedALA: Zhang et al., "FedALA: Adaptive Local Aggregation for Personalized Federated Learning", AAAI 2023, algorithm
1.

Before a site trains, it mixes the global model into its own: the lower layers are the global model's, and each weight
of the output layer is own + (global - own) * W with W in 0 to 1 learned on a share of the site's training cases:

    W <- clip(W - eta grad_mixed f * (global - own), 0, 1)

Running statistics are the global model's. The paper learns W the first time until its loss settles; here it is learned
for a given number of passes. A site's personalized model is the one trained; the authors' code scores it before local
training.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import final

import torch
from torch import nn

from worker.engine.data import Case, ParticipantData, training_cases
from worker.engine.local_training import backward, local_batches
from worker.engine.losses import segmentation_loss
from worker.engine.networks import head_keys
from worker.engine.plan import Plan
from worker.engine.plan_network import load_network
from worker.engine.seeding import generator
from worker.engine.state import GLOBAL, State, Tensors, personalized
from worker.engine.strategies.base import (
    PersonalizedStrategy,
    SiteContext,
    SiteUpdate,
    also_moves,
    average_part,
    own_models,
    train_personalized,
)

#: Name of the learned W of the output layer, which the site keeps next to the optimizer's state.
MIXING = "mixing"


@final
@dataclass(frozen=True)
class FedALA(PersonalizedStrategy):
    """The method of this file. In round 1 all models are one, and nothing is mixed.

    eta: W's learning rate.
    share: of the training cases that W is learned on, above 0 to 1.
    first_epochs: passes over them in round 2, where W begins at 1; later rounds take one pass.
    """

    eta: float
    share: float
    first_epochs: int

    def uploads(self, participant: str) -> tuple[str, ...]:
        return (personalized(participant),)

    def train_site(self, parts: State, data: ParticipantData, context: SiteContext) -> SiteUpdate:
        own = personalized(context.participant)
        mixing = (context.local_state or {}).get(MIXING)
        start = parts[own]
        if context.round > 1:
            start, mixing = self._mixed(parts[GLOBAL], parts[own], mixing, training_cases(data), context)
        update = train_personalized({own: start}, data, context, context.on_progress)
        kept = update.local_state | ({MIXING: mixing} if mixing else {})
        return also_moves(replace(update, local_state=kept), "global")

    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan, round_: int) -> State:  # noqa: ARG002
        as_global = {
            site: replace(update, parts={GLOBAL: update.parts[personalized(site)]}) for site, update in updates.items()
        }
        return {GLOBAL: average_part(GLOBAL, as_global, plan)} | own_models(state, updates, plan)

    def _mixed(
        self, shared: Tensors, own: Tensors, mixing: Tensors | None, cases: tuple[Case, ...], context: SiteContext
    ) -> tuple[Tensors, Tensors]:
        """The model that local training starts from, and the new W."""
        plan = context.plan
        network = load_network(plan, shared)
        head = {name: p for name, p in network.named_parameters() if name in head_keys(plan.network, network)}
        first = mixing is None
        weights = {name: torch.ones_like(own[name]) for name in head} if mixing is None else dict(mixing)
        draws = generator(plan.seed, context.round, context.participant, MIXING)
        num_chosen = max(1, round(self.share * len(cases)))
        chosen = tuple(cases[i] for i in sorted(torch.randperm(len(cases), generator=draws)[:num_chosen].tolist()))
        learning = replace(plan, local_epochs=self.first_epochs if first else 1, local_steps=None)
        loss_of = segmentation_loss(plan.loss)
        network.train()
        buffers = {name: buffer.clone() for name, buffer in network.named_buffers()}
        for batch in local_batches(chosen, learning, draws):
            _set_head(head, own, shared, weights)
            network.zero_grad(set_to_none=True)
            backward(network, batch, loss_of, plan)
            for name, parameter in head.items():
                if parameter.grad is not None:
                    step = parameter.grad.cpu() * (shared[name] - own[name])
                    weights[name] = (weights[name] - self.eta * step).clamp(0, 1)
        _set_head(head, own, shared, weights)
        for name, buffer in network.named_buffers():  # learning W is no training, so running statistics stay
            buffer.copy_(buffers[name])
        return {key: value.detach().to("cpu", copy=True) for key, value in network.state_dict().items()}, weights


@torch.no_grad()
def _set_head(head: Mapping[str, nn.Parameter], own: Tensors, shared: Tensors, weights: Tensors) -> None:
    for name, parameter in head.items():
        parameter.copy_(own[name] + (shared[name] - own[name]) * weights[name])
