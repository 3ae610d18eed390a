"""Pooled full-batch training of a softmax selector without pooling: what sites send, and what the server does with it.

The first exchange fits the last layer in closed form: diagonal linear discriminant analysis of the activations before
it, from their count, sum and sum of squares. Every later one is a gradient. Both are sums over cases, so the result is
that of pooled data; every site counts the same, however many cases it has.
"""

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import nn

from worker.engine.networks import SmallSelector, Vgg11
from worker.engine.optimizers import moments_of
from worker.engine.state import Tensors

#: Name of a tensor [1] of the state: 0 until the last layer was fitted.
HAS_HEAD = "has_head"
GRADIENT = "gradient."
#: Within-site variance below this share of the total would let one activation decide alone.
MIN_VARIANCE_SHARE = 0.05


def has_head(part: Tensors) -> bool:
    """Whether the last layer was fitted."""
    return bool(part[HAS_HEAD])


def gradient_of(network: nn.Module) -> Tensors:
    """The gradient that `accumulate_gradient` left, on the CPU; zeros where a parameter had no part in the loss."""
    return {
        GRADIENT + name: (torch.zeros_like(p) if p.grad is None else p.grad).detach().to("cpu", copy=True)
        for name, p in network.named_parameters()
    }


def expected_gradient(weights: Tensors) -> Tensors:
    """Tensors with the keys and shapes of a gradient at these weights."""
    return {GRADIENT + name: tensor for name, tensor in weights.items()}


def step(network: nn.Module, optimizer: torch.optim.Optimizer, gradients: Sequence[Tensors]) -> Tensors:
    """Takes one step on the mean of the gradients and returns the optimizer's moments.

    The gradients are summed in float64 in the order given.
    """
    for name, parameter in network.named_parameters():
        total = torch.zeros(parameter.shape, dtype=torch.float64)
        for gradient in gradients:
            total += gradient[GRADIENT + name].double()
        parameter.grad = (total / len(gradients)).to(parameter)
    optimizer.step()
    return moments_of(network.named_parameters(), optimizer)


@torch.inference_mode()
def feature_moments(network: nn.Module, batches: Iterable[torch.Tensor]) -> Tensors:
    """Count [1], sum [F] and sum of squares [F], float64, of the activations before the last layer."""
    network.eval()
    features = torch.cat([_before_head(network, images).cpu().double() for images in batches])
    return {
        "count": torch.tensor([float(len(features))], dtype=torch.float64),
        "sum": features.sum(dim=0),
        "sum_of_squares": (features**2).sum(dim=0),
    }


def expected_moments(network: nn.Module) -> Tensors:
    """Tensors with the keys and shapes of `feature_moments`. Raises TypeError for an unknown network."""
    size = _head(network).in_features
    return {"count": torch.empty(1), "sum": torch.empty(size), "sum_of_squares": torch.empty(size)}


@torch.no_grad()
def set_head(network: nn.Module, moments: Mapping[str, Tensors | None]) -> None:
    """Sets the last layer by diagonal discriminant analysis. moments: by site, in site order; None for an absent site.

    With site means mu_k around their own mean m, and within-site variances v (at least MIN_VARIANCE_SHARE of the total
    variance), the logit of site k is the sum over features of z_k (x - m) / v - z_k^2 / (2 v), z_k = mu_k - m, divided
    by the number of features, because the activations depend on each other so much that they count as one. The logit of
    an absent site is the lowest of the other sites' at the mean, until gradients teach it.
    """
    present = [m for m in moments.values() if m is not None]
    means = torch.stack([m["sum"] / m["count"] for m in present])
    scatter = torch.stack([m["sum_of_squares"] for m in present]).sum(dim=0) - sum(
        m["count"] * mean**2 for m, mean in zip(present, means, strict=True)
    )
    within = scatter / (torch.cat([m["count"] for m in present]).sum() - len(present)).clamp_min(1)
    middle = means.mean(dim=0)
    between = ((means - middle) ** 2).mean(dim=0)
    total = within + between
    scale = (total + 1e-6 * total.mean()).clamp_min(torch.finfo(torch.float64).tiny)
    variance = torch.maximum(within, MIN_VARIANCE_SHARE * scale)
    rows = (means - middle) / variance / len(middle)
    biases = -rows @ middle - 0.5 * (rows * (means - middle)).sum(dim=1)
    lowest = (rows @ middle + biases).min()
    of_present = iter(zip(rows, biases, strict=True))
    absent = torch.zeros_like(middle), lowest
    chosen = [absent if m is None else next(of_present) for m in moments.values()]
    head = _head(network)
    head.weight.copy_(torch.stack([row for row, _ in chosen]))
    head.bias.copy_(torch.stack([bias for _, bias in chosen]))


def _head(network: nn.Module) -> nn.Linear:
    """The last layer."""
    match network:
        case SmallSelector():
            return network.head
        case Vgg11():
            layer = network.head[-1]
            if isinstance(layer, nn.Linear):
                return layer
    raise TypeError(f"{type(network).__name__} has no known last layer")


def _before_head(network: nn.Module, images_BCHW: torch.Tensor) -> torch.Tensor:  # noqa: N803 (shape suffix)
    """[B, F]: the input of the last layer."""
    match network:
        case SmallSelector():
            features_BF: torch.Tensor = network.features(images_BCHW).mean(dim=(2, 3))  # noqa: N806 (shape suffix)
        case Vgg11():
            features_BF = network.head[:-1](network.features(images_BCHW).flatten(1))  # noqa: N806
        case _:
            raise TypeError(f"{type(network).__name__} has no known last layer")
    return features_BF
