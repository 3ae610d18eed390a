"""A model that brings its input to a mean of 0 and a deviation of 1 itself, by numbers that travel with its weights.

Such a model's part holds two tensors more than its network has: `input_mean` and `input_std`, [C] each, at the scale of
`Case.image`. A network that loads the part is one that subtracts the one and divides by the other first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from worker.engine.data import Case
from worker.engine.state import Tensors

MEAN, STD = "input_mean", "input_std"
INPUT_KEYS = frozenset({MEAN, STD})
#: A channel that does not vary is divided by this.
MIN_STD = 1e-6


@dataclass(eq=False)
class _Normalizer:
    """The hook that a network carries. numbers: mean and deviation [C], or None: the input stays as it is."""

    numbers: tuple[torch.Tensor, torch.Tensor] | None

    def __call__(self, _: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...] | None:
        if self.numbers is None:
            return None
        images, *others = inputs
        return normalized(images, *self.numbers), *others


def normalized(images: torch.Tensor, mean: torch.Tensor, std: torch.Tensor) -> torch.Tensor:
    """(x - mean) / std. images: [B, C, *space]. mean, std: [C], or [B, C] with the numbers of each image."""
    shape = (*mean.shape, *(1,) * (images.ndim - 2))
    mean, std = (numbers.to(images).reshape(shape) for numbers in (mean, std.clamp_min(MIN_STD)))
    return (images - mean) / std


def normalize_input(network: nn.Module, mean: torch.Tensor | None, std: torch.Tensor | None) -> None:
    """From now on the network normalizes its input by these numbers, in place of any before; None: by none."""
    numbers = None if mean is None or std is None else (mean, std)
    hooks = [hook for hook in network._forward_pre_hooks.values() if isinstance(hook, _Normalizer)]
    if hooks:
        hooks[0].numbers = numbers
    elif numbers is not None:
        network.register_forward_pre_hook(_Normalizer(numbers))


def without_numbers(part: Tensors) -> Tensors:
    """The network's own tensors."""
    return {key: tensor for key, tensor in part.items() if key not in INPUT_KEYS}


def with_numbers(weights: Tensors, mean: torch.Tensor, std: torch.Tensor) -> Tensors:
    """The part of a model with these weights that normalizes its input by these numbers."""
    return weights | {MEAN: mean.float().contiguous(), STD: std.float().contiguous()}


def input_statistics(cases: Sequence[Case]) -> tuple[torch.Tensor, torch.Tensor]:
    """[C] float64 each: the mean over cases, at least one, of each channel's mean and of its standard deviation."""
    flat = [case.image.flatten(1).double() for case in cases]
    return torch.stack([x.mean(1) for x in flat]).mean(0), torch.stack([x.std(1) for x in flat]).mean(0)
