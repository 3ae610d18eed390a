"""FedRoD: Chen & Chao, "On Bridging Generic and Personalized Federated Learning for Image Classification", ICLR 2022,
algorithm 1.

Two predictors on shared features: a generic head, which is averaged with the features as in FedAvg, and a personalized
head, which stays at its site. A site's prediction is the sum of both heads' logits. The generic network trains first;
then the personalized head alone, on the features of the trained network and without a gradient to them.

A head here is the network's last convolution. It is linear, so the sum of two heads' logits is that of one head with
the sum of their weights, and a personalized model is a network like any other. The paper trains the generic predictor
with a loss that balances the classes; structures that may overlap are no classes, so it is the schedule's loss here,
and Dice balances structures by itself. MONAI's U-Net normalizes before its last convolution, which maps S channels to
S: for two structures that head has 38 weights, where the paper's sits on the features. BasicUNet's does (16 to 64
channels).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import final

import torch
from torch import nn

from worker.engine.checkpoint import cpu_state
from worker.engine.data import ParticipantData, training_cases
from worker.engine.local_training import train_locally
from worker.engine.networks import head_keys
from worker.engine.plan import Plan
from worker.engine.plan_network import load_network
from worker.engine.seeding import generator
from worker.engine.state import GLOBAL, State, Tensors, personalized
from worker.engine.strategies.base import (
    PersonalizedStrategy,
    SiteContext,
    SiteUpdate,
    average_part,
    effort_metrics,
    kept_moments,
    loss_metric,
    moments_to_keep,
    own_models,
    train_model,
)

#: Name of the personalized head's weights, which the site keeps next to the optimizer's state.
HEAD = "head"


@final
@dataclass(frozen=True)
class FedRoD(PersonalizedStrategy):
    """The method of this file. The personalized head begins at 0. It has no hyper-parameter."""

    def downloads(self, part_names: Collection[str], participant: str) -> tuple[str, ...]:  # noqa: ARG002
        return (GLOBAL,)

    def train_site(self, parts: State, data: ParticipantData, context: SiteContext) -> SiteUpdate:
        plan, report, cases = context.plan, context.on_progress, training_cases(data)
        shared = train_model(parts[GLOBAL], data, context, "global", lambda done: report(0.5 * done))
        generic = shared.parts["global"]
        network = load_network(plan, generic)
        head = output_keys(plan, network)
        own = (context.local_state or {}).get(HEAD) or {key: torch.zeros_like(generic[key]) for key in head}
        network = load_network(plan, with_head(generic, own))
        draws = generator(plan.seed, context.round, context.participant, "personalized")
        kept = kept_moments(context, "personalized")
        result = train_locally(
            network, cases, plan, context.round, kept, draws, lambda done: report(0.5 + 0.5 * done), trained_keys=head
        )
        # Only the head was trained; running statistics stay those of the generic network.
        trained = generic | {key: tensor for key, tensor in cpu_state(network).items() if key in head}
        return SiteUpdate(
            parts={GLOBAL: generic, personalized(context.participant): trained},
            num_cases=shared.num_cases,
            num_steps=shared.num_steps,
            local_state=shared.local_state
            | moments_to_keep(plan, {"personalized": result.moments})
            | {HEAD: {key: trained[key] - generic[key] for key in head}},
            metrics=(
                *shared.metrics,
                loss_metric(context, "personalized", result.mean_loss, len(cases)),
                *effort_metrics(
                    context, "personalized", shared.num_steps + result.num_steps, 2 * result.num_images, len(cases)
                ),
            ),
        )

    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan, round_: int) -> State:  # noqa: ARG002
        return {GLOBAL: average_part(GLOBAL, updates, plan)} | own_models(state, updates, plan)


def output_keys(plan: Plan, network: nn.Module) -> frozenset[str]:
    """The state-dict keys of the last convolution, whose output is the logits or is added to them.

    Raises ValueError where the network's output layer has none with one channel for each structure.
    """
    inside = head_keys(plan.network, network)
    convolutions = (nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d, nn.ConvTranspose3d)
    found = [
        name
        for name, module in network.named_modules()
        if isinstance(module, convolutions)
        and module.out_channels == len(plan.structures)
        and f"{name}.weight" in inside
        and not name.startswith("deep_supervision_heads")
    ]
    if not found:
        raise ValueError("FedRoD needs an output layer that ends with a convolution: choose another network")
    return frozenset(key for key in network.state_dict() if key.startswith(f"{found[-1]}."))


def with_head(model: Tensors, head: Tensors) -> Tensors:
    """The model whose logits are the sum of its own and of another head's."""
    return model | {key: model[key] + tensor for key, tensor in head.items()}
