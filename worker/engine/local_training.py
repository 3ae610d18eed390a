"""The one inner loop: a site trains one segmentation network for the local work of a round.

Strategies with a loop of their own (APFL, pFedMe, FedALA) use the same pieces: `local_batches` and `backward`.
"""

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import nn

from worker.engine.augmentation import augment
from worker.engine.data import Case
from worker.engine.losses import Loss, segmentation_loss
from worker.engine.optimizers import NamedParameters, learning_rate_of, make_optimizer, moments_of
from worker.engine.plan import Plan
from worker.engine.progress import OnProgress
from worker.engine.pulse import pulse
from worker.engine.sampling import Item, network_input, training_items
from worker.engine.state import Tensors

logger = logging.getLogger(__name__)

#: Seconds between two log lines with the running loss.
LOG_SECONDS = 5.0


class Batch(NamedTuple):
    """images: [B, C, *space]. reference: [B, S, *space]. case_ids: of each image, the case that it is of."""

    images: torch.Tensor
    reference: torch.Tensor
    case_ids: tuple[str, ...]


#: The loss of one batch, in place of the plan's.
LossOfBatch = Callable[[Batch], Loss]


@dataclass(frozen=True)
class Proximal:
    """The term strength / 2 * ||w - anchor||^2, over the parameters, which is added to a site's loss.

    strength: 0 or more; 0 changes no bit. anchor: tensors by parameter name.
    """

    strength: float
    anchor: Tensors


class BatchTerm(ABC):
    """Abstract: a term of the loss that depends on what the network computes inside, for each batch."""

    @abstractmethod
    def attach(self, network: nn.Module) -> None:
        """Called once, before the network is trained: hooks are registered here."""

    @abstractmethod
    def value(self, images: torch.Tensor) -> torch.Tensor:
        """The term, a scalar with a gradient, right after the network has seen these images [B, C, *space]."""


@dataclass(frozen=True)
class LocalTraining:
    """What a local training leaves in addition to the trained network.

    num_steps: optimizer steps taken.
    num_images: items (pictures, slices, volumes or patches) in the batches of these steps, repeated ones counted again.
    mean_loss: over the steps, without the proximal term.
    moments: the optimizer's state by `<moment>.<parameter>`, for the same site's next round.
    """

    num_steps: int
    num_images: int
    mean_loss: float
    moments: Tensors


def train_locally(
    network: nn.Module,
    cases: tuple[Case, ...],
    plan: Plan,
    round_: int,
    moments: Tensors | None,
    generator: torch.Generator,
    on_progress: OnProgress,
    proximal: Proximal | None = None,
    drift: Tensors | None = None,
    trained_keys: Collection[str] | None = None,
    term: BatchTerm | None = None,
    loss_of_batch: LossOfBatch | None = None,
) -> LocalTraining:
    """Trains `network` in place for the plan's local work, in an order drawn from `generator`.

    cases: the training cases, at least one.
    round_: 1 for the first; it decides the learning rate.
    moments: the optimizer's state from the site's previous round, or None to begin anew.
    proximal: a term added to the loss, or None.
    drift: by parameter name, added to every gradient, or None.
    trained_keys: names of the parameters that are trained, or None for all.
    term: added to the loss of each batch, or None.
    loss_of_batch: in place of the plan's loss, or None.

    Raises ValueError where the moments do not fit the network, where slices are chosen and none is left, or where mixed
    precision is asked of a processor.
    """
    parameters = [(n, p) for n, p in network.named_parameters() if trained_keys is None or n in trained_keys]
    optimizer = make_optimizer(
        plan.optimizer, learning_rate_of(plan.optimizer, round_, plan.rounds), parameters, moments
    )
    corrections = _corrections(parameters, proximal, drift)
    loss_of = segmentation_loss(plan.loss)
    network.train()
    if term is not None:
        term.attach(network)
    total_loss = torch.zeros((), dtype=torch.float64)
    expected_steps = num_local_steps(cases, plan)
    num_steps, num_images, told_at = 0, 0, time.monotonic()
    for batch in local_batches(cases, plan, generator):
        network.zero_grad(set_to_none=True)
        loss = backward(network, batch, loss_of_batch(batch) if loss_of_batch else loss_of, plan, term)
        for parameter, anchor, strength, offset in corrections:
            if parameter.grad is not None:
                if anchor is not None:
                    parameter.grad.add_(parameter.detach() - anchor, alpha=strength)
                if offset is not None:
                    parameter.grad.add_(offset)
        clip_gradient(parameters, plan)
        optimizer.step()
        total_loss += loss.cpu().double()
        num_steps += 1
        num_images += len(batch.images)
        if time.monotonic() - told_at >= LOG_SECONDS:
            told_at = time.monotonic()
            logger.info("step %d of %d, mean loss %.4f", num_steps, expected_steps, float(total_loss) / num_steps)
        on_progress(num_steps / expected_steps)
    return LocalTraining(num_steps, num_images, float(total_loss) / num_steps, moments_of(parameters, optimizer))


def backward(
    network: nn.Module, batch: Batch, loss_of: Loss, plan: Plan, term: BatchTerm | None = None
) -> torch.Tensor:
    """Adds the gradient of the batch's loss to the parameters' gradients; returns the loss, a detached scalar.

    term: what is added to the loss before its gradient is taken, and is not in the returned loss; or None.

    Raises ValueError where the plan asks for mixed precision and its device is no GPU.
    """
    images, reference, _ = batch
    if plan.optimizer.mixed_precision:
        if plan.device.type != "cuda":
            raise ValueError(
                "schedule.mixed_precision true needs a GPU, and this worker has none: set it to false, or run this "
                "site's worker on a GPU"
            )
        with torch.autocast("cuda", dtype=torch.bfloat16):
            outputs = network(images)
        outputs = [output.float() for output in outputs] if isinstance(outputs, list) else outputs.float()
    else:
        outputs = network(images)
    loss = loss_of(outputs, reference)
    torch.autograd.backward(loss if term is None else loss + term.value(images))
    return loss.detach()


def clip_gradient(parameters: NamedParameters, plan: Plan) -> None:
    """Scales the gradient down to the maximum 2-norm that the plan allows, where it sets one."""
    if plan.optimizer.gradient_clipping is not None:
        nn.utils.clip_grad_norm_([parameter for _, parameter in parameters], plan.optimizer.gradient_clipping)


def local_batches(cases: Sequence[Case], plan: Plan, generator: torch.Generator) -> Iterator[Batch]:
    """Yields the batches of one round's local work: the plan's number of epochs, or its number of steps.

    Steps run through as many epochs as they need. Raises ValueError where slices are chosen and none is left.
    """
    items = training_items(cases, plan.sampling, plan.spatial_dims)
    remaining = num_local_steps(cases, plan)
    while remaining > 0:
        for batch in _epoch(items, plan, generator):
            yield batch
            remaining -= 1
            if remaining == 0:
                return


def mean_local_steps(sites: Sequence[Sequence[Case]], plan: Plan) -> int:
    """What the sites with these training cases take in a round on average: a whole number, half rounded up, at least 1.

    sites: of each site its training cases; sites without any are not counted.
    """
    steps = [num_local_steps(cases, plan) for cases in sites if cases]
    return max(1, (2 * sum(steps) + len(steps)) // (2 * len(steps)))


def num_local_steps(cases: Sequence[Case], plan: Plan) -> int:
    """The optimizer steps of one round's local work."""
    if plan.local_steps is not None:
        return plan.local_steps
    return plan.local_epochs * -(-len(training_items(cases, plan.sampling, plan.spatial_dims)) // plan.batch_size)


def _epoch(items: Sequence[Item], plan: Plan, generator: torch.Generator) -> Iterator[Batch]:
    """Yields one pass over the items in random order; the last batch may be smaller."""
    order = torch.randperm(len(items), generator=generator).tolist()
    for start in range(0, len(items), plan.batch_size):
        pulse()
        pairs = []
        for index in order[start : start + plan.batch_size]:
            image, reference = network_input(items[index], plan.sampling, plan.spatial_dims, generator)
            pairs.append(augment(image, reference, plan.augmentation, generator))
        images = torch.stack([image for image, _ in pairs])
        reference = torch.stack([reference for _, reference in pairs])
        chosen = tuple(items[index].case.case_id for index in order[start : start + plan.batch_size])
        yield Batch(images.to(plan.device), reference.to(plan.device), chosen)


def _corrections(
    parameters: NamedParameters, proximal: Proximal | None, drift: Tensors | None
) -> list[tuple[nn.Parameter, torch.Tensor | None, float, torch.Tensor | None]]:
    """What is added to each parameter's gradient: strength * (w - anchor), and an offset."""
    pulls = proximal if proximal is not None and proximal.strength != 0 else None
    if pulls is None and drift is None:
        return []
    return [
        (
            parameter,
            None if pulls is None else pulls.anchor[name].to(parameter.device),
            0.0 if pulls is None else pulls.strength,
            None if drift is None else drift[name].to(parameter.device),
        )
        for name, parameter in parameters
    ]
