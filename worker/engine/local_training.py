"""The one inner loop: a site trains one segmentation network for its local epochs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import nn

from worker.engine.data import Case
from worker.engine.losses import segmentation_loss
from worker.engine.plan import Plan, Tensors

#: Told the share of the local training that is done; may raise to stop it.
OnProgress = Callable[[float], None]


@dataclass(frozen=True)
class Proximal:
    """The term strength / 2 * ||w - anchor||^2, over the parameters, added to a site's loss. 0 changes no bit."""

    strength: float
    anchor: Tensors


@dataclass(frozen=True)
class LocalTraining:
    """`moments`: Adam's state, flat and named, for the same site's next round. `mean_loss`: over the steps."""

    num_steps: int
    mean_loss: float
    moments: Tensors


def train_locally(
    network: nn.Module,
    cases: tuple[Case, ...],
    plan: Plan,
    moments: Tensors | None,
    generator: torch.Generator,
    on_progress: OnProgress,
    proximal: Proximal | None = None,
) -> LocalTraining:
    """Trains `network` in place with Adam for plan.local_epochs passes in an order drawn from `generator`.

    moments: Adam's state from the site's previous round, or None to begin anew. mean_loss is without `proximal`.
    """
    optimizer = make_adam(network, plan.learning_rate, moments)
    pulls = _pulls(network, proximal)
    loss_of = segmentation_loss(plan.loss)
    network.train()
    total_loss = torch.zeros((), dtype=torch.float64)
    num_steps = 0
    expected_steps = plan.local_epochs * -(-len(cases) // plan.batch_size)
    for _ in range(plan.local_epochs):
        for images_BCHW, reference_BSHW in _batches(cases, plan, generator):  # noqa: N806 (shape suffix)
            optimizer.zero_grad(set_to_none=True)
            loss = loss_of(network(images_BCHW), reference_BSHW)
            torch.autograd.backward(loss)
            for parameter, anchor, strength in pulls:
                if parameter.grad is not None:
                    parameter.grad.add_(parameter.detach() - anchor, alpha=strength)
            optimizer.step()
            total_loss += loss.detach().cpu().double()
            num_steps += 1
            on_progress(num_steps / expected_steps)
    return LocalTraining(num_steps, float(total_loss) / num_steps, adam_moments(network, optimizer))


def _pulls(network: nn.Module, proximal: Proximal | None) -> list[tuple[nn.Parameter, torch.Tensor, float]]:
    """What the proximal term adds to each parameter's gradient: strength * (w - anchor)."""
    if proximal is None or proximal.strength == 0:
        return []
    return [
        (parameter, proximal.anchor[name].to(parameter.device), proximal.strength)
        for name, parameter in network.named_parameters()
    ]


def make_adam(network: nn.Module, learning_rate: float, moments: Tensors | None) -> torch.optim.Adam:
    """Adam with the moments that `adam_moments` returned. Raises ValueError naming a parameter they lack."""
    optimizer = torch.optim.Adam(network.parameters(), lr=learning_rate, fused=True)
    if not moments:
        return optimizer
    for name, parameter in network.named_parameters():
        try:
            optimizer.state[parameter] = {
                "step": moments[f"step.{name}"].clone().to(parameter.device),
                "exp_avg": moments[f"exp_avg.{name}"].clone().to(parameter.device),
                "exp_avg_sq": moments[f"exp_avg_sq.{name}"].clone().to(parameter.device),
            }
        except KeyError as error:
            raise ValueError(
                f"the kept optimizer state lacks {error}: set schedule.optimizer_state to reset"
            ) from error
    return optimizer


def adam_moments(network: nn.Module, optimizer: torch.optim.Adam) -> Tensors:
    """Adam's step counts and both moments by parameter name, on the CPU."""
    return {
        f"{moment}.{name}": optimizer.state[parameter][moment].detach().to("cpu", copy=True)
        for name, parameter in network.named_parameters()
        for moment in ("step", "exp_avg", "exp_avg_sq")
    }


def _batches(
    cases: tuple[Case, ...], plan: Plan, generator: torch.Generator
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """One pass in random order; the last batch may be smaller."""
    order = torch.randperm(len(cases), generator=generator).tolist()
    for start in range(0, len(cases), plan.batch_size):
        batch = [cases[i] for i in order[start : start + plan.batch_size]]
        images = torch.stack([case.image for case in batch])
        reference = torch.stack([case.reference for case in batch])
        if plan.augmentation == "flips":
            images, reference = _flip(images, reference, generator)
        yield images.to(plan.device), reference.to(plan.device)


def _flip(
    images: torch.Tensor, reference: torch.Tensor, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Each image left-right and up-down with probability one half, its reference with it."""
    choices = torch.rand(len(images), 2, generator=generator) < 0.5
    for i, choice in enumerate(choices.tolist()):
        axes = [axis for axis, chosen in zip((-1, -2), choice, strict=True) if chosen]
        if axes:
            images[i], reference[i] = images[i].flip(axes), reference[i].flip(axes)
    return images, reference
