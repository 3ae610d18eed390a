"""APFL: Deng et al., "Adaptive Personalized Federated Learning", 2020, algorithm 1.

A site trains its copy w of the global model, and a private model v through the mixture alpha v + (1 - alpha) w, which
is its personalized model:

    w <- w - eta grad f(w)            v <- v - eta alpha grad f(mixture)
    alpha <- alpha - eta_alpha <v - w, grad f(mixture)>

alpha, in 0 to 1, moves in the first step of each round, as in the authors' code, but without that code's decay of
alpha; the paper's eta_alpha is eta. v keeps the running statistics of the mixture, which is the model that runs.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import final

import torch
from torch import nn

from worker.engine.checkpoint import cpu_state
from worker.engine.data import ParticipantData, training_cases
from worker.engine.local_training import Batch, backward, clip_gradient, local_batches, num_local_steps
from worker.engine.losses import Loss, segmentation_loss
from worker.engine.optimizers import learning_rate_of, make_optimizer, moments_of
from worker.engine.plan import Plan
from worker.engine.plan_network import load_network
from worker.engine.seeding import generator
from worker.engine.state import GLOBAL, State, personalized
from worker.engine.strategies.base import (
    PersonalizedStrategy,
    SiteContext,
    SiteUpdate,
    average_part,
    effort_metrics,
    initial_weights,
    kept_moments,
    loss_metric,
    moments_to_keep,
    own_models,
)

#: Name of the mixing weight [1] in the part `private/<site>`, which also holds v under the names of its tensors.
ALPHA = "alpha"


def private_of(site: str) -> str:
    """Part name of a site's private model v and its mixing weight."""
    return f"private/{site}"


@final
@dataclass(frozen=True)
class APFL(PersonalizedStrategy):
    """The method of this file.

    alpha: the mixing weight at the start, 0 to 1. alpha_learning_rate: eta_alpha; 0 keeps alpha as it is.
    """

    alpha: float
    alpha_learning_rate: float

    def initial_state(self, plan: Plan) -> State:
        weights = initial_weights(plan)
        private = weights | {ALPHA: torch.tensor([self.alpha], dtype=torch.float64)}
        models = {GLOBAL: weights} | {personalized(site): weights for site in plan.sites}
        return models | {private_of(site): private for site in plan.sites}

    def downloads(self, part_names: Collection[str], participant: str) -> tuple[str, ...]:  # noqa: ARG002
        return GLOBAL, private_of(participant)

    def uploads(self, participant: str) -> tuple[str, ...]:
        return GLOBAL, personalized(participant), private_of(participant)

    def train_site(self, parts: State, data: ParticipantData, context: SiteContext) -> SiteUpdate:
        plan, cases = context.plan, training_cases(data)
        private = dict(parts[private_of(context.participant)])
        alpha = float(private.pop(ALPHA))
        shared, own, mixture = (load_network(plan, part) for part in (parts[GLOBAL], private, private))
        rate = learning_rate_of(plan.optimizer, context.round, plan.rounds)
        networks = {"global": shared, "private": own}
        optimizers = {
            name: make_optimizer(plan.optimizer, rate, list(network.named_parameters()), kept_moments(context, name))
            for name, network in networks.items()
        }
        loss_of, expected = segmentation_loss(plan.loss), num_local_steps(cases, plan)
        losses: list[tuple[float, float]] = []
        num_images = 0
        for network in (shared, mixture):
            network.train()
        # The draws are FedAvg's, so that the global model is FedAvg's to the bit.
        draws = generator(plan.seed, context.round, context.participant, "global")
        for batch in local_batches(cases, plan, draws):
            mix(mixture, own, shared, alpha)
            personal_loss, slope = _mixture_gradient(mixture, own, shared, alpha, batch, loss_of, plan)
            shared.zero_grad(set_to_none=True)
            shared_loss = float(backward(shared, batch, loss_of, plan))
            for name, network in networks.items():
                clip_gradient(list(network.named_parameters()), plan)
                optimizers[name].step()
            if not losses:
                alpha = min(max(alpha - self.alpha_learning_rate * slope, 0.0), 1.0)
            losses.append((shared_loss, personal_loss))
            num_images += len(batch[0])
            context.on_progress(len(losses) / expected)
        mix(mixture, own, shared, alpha)
        personal = cpu_state(mixture)
        kept = personal | {name: v.detach().to("cpu", copy=True) for name, v in own.named_parameters()}
        return SiteUpdate(
            parts={
                GLOBAL: cpu_state(shared),
                personalized(context.participant): personal,
                private_of(context.participant): kept | {ALPHA: torch.tensor([alpha], dtype=torch.float64)},
            },
            num_cases=len(cases),
            num_steps=len(losses),
            local_state=moments_to_keep(
                plan, {n: moments_of(network.named_parameters(), optimizers[n]) for n, network in networks.items()}
            ),
            metrics=(
                loss_metric(context, "global", sum(a for a, _ in losses) / len(losses), len(cases)),
                loss_metric(context, "personalized", sum(b for _, b in losses) / len(losses), len(cases)),
                *effort_metrics(context, "global", len(losses), num_images, len(cases)),
                *effort_metrics(context, "personalized", len(losses), num_images, len(cases)),
            ),
        )

    def aggregate(self, state: State, updates: Mapping[str, SiteUpdate], plan: Plan, round_: int) -> State:  # noqa: ARG002
        private = {private_of(site): update.parts[private_of(site)] for site, update in updates.items()}
        return state | private | {GLOBAL: average_part(GLOBAL, updates, plan)} | own_models(state, updates, plan)


@torch.no_grad()
def mix(mixture: nn.Module, own: nn.Module, shared: nn.Module, alpha: float) -> None:
    """Sets the mixture's parameters to alpha v + (1 - alpha) w; its running statistics stay its own."""
    for mixed, v, w in zip(mixture.parameters(), own.parameters(), shared.parameters(), strict=True):
        mixed.copy_(alpha * v + (1 - alpha) * w)


def _mixture_gradient(
    mixture: nn.Module, own: nn.Module, shared: nn.Module, alpha: float, batch: Batch, loss_of: Loss, plan: Plan
) -> tuple[float, float]:
    """Sets v's gradient to alpha grad f(mixture); returns f(mixture) and <v - w, grad f(mixture)>."""
    mixture.zero_grad(set_to_none=True)
    loss = float(backward(mixture, batch, loss_of, plan))
    slope = torch.zeros((), dtype=torch.float64)
    for mixed, v, w in zip(mixture.parameters(), own.parameters(), shared.parameters(), strict=True):
        if mixed.grad is not None:
            v.grad = alpha * mixed.grad
            slope += ((v.detach() - w.detach()) * mixed.grad).sum().cpu().double()
    return loss, float(slope)
