"""What the closed-form selector knows of a case: one feature vector, of a picture or of a whole volume."""

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
import torch
from torch import nn

from worker.engine.data import Case
from worker.engine.descriptors import descriptor_floors, num_descriptors
from worker.engine.networks import bottleneck, num_bottleneck_features
from worker.engine.plan import Plan
from worker.engine.plan_network import load_network
from worker.engine.sampling import patch_size
from worker.engine.state import Tensors

#: Hand-made descriptors (descriptors.py), the deepest activations of a global model (encoder), or both in one vector.
FeatureSet = Literal["descriptors", "encoder", "both"]
#: Images in one forward pass.
BATCH = 8


def num_features(features: FeatureSet, plan: Plan, is_volume: bool) -> int:
    """D, the length of a vector of `features_of`."""
    described = num_descriptors(plan.num_channels, is_volume) if features != "encoder" else 0
    return described + (num_bottleneck_features(plan.network) if features != "descriptors" else 0)


def feature_floors(features: FeatureSet, plan: Plan, is_volume: bool) -> torch.Tensor:
    """[D] float64: deviations below these mean nothing; 0 where the features themselves decide it."""
    described = descriptor_floors(plan.num_channels, is_volume) if features != "encoder" else np.zeros(0)
    encoded = np.zeros(num_bottleneck_features(plan.network) if features != "descriptors" else 0)
    return torch.from_numpy(np.append(described, encoded))


def features_of(features: FeatureSet, cases: Sequence[Case], plan: Plan, encoder: Tensors | None) -> torch.Tensor:
    """[N, D] float64. encoder: a global model's weights; None for descriptors, which need none.

    Raises ValueError where an encoder is needed and there is none.
    """
    parts = []
    if features != "encoder":
        parts.append(torch.from_numpy(np.stack([case.descriptor for case in cases])))
    if features != "descriptors":
        if encoder is None:
            raise ValueError(f"selector features {features} need the weights of a global model, and none were given")
        parts.append(encode(cases, plan, encoder))
    return torch.cat(parts, dim=1)


@torch.inference_mode()
def encode(cases: Sequence[Case], plan: Plan, weights: Tensors) -> torch.Tensor:
    """[N, F] float64: the bottleneck's activations, averaged over space and over a case's slices or patches."""
    network = load_network(plan, weights).eval()
    seen: list[torch.Tensor] = []

    def average(_module: nn.Module, _inputs: object, output_BFspace: torch.Tensor) -> None:  # noqa: N803
        seen.append(output_BFspace.flatten(2).mean(dim=2).cpu().double())

    handle = bottleneck(plan.network, network).register_forward_hook(average)
    rows = []
    for case in cases:
        seen.clear()
        for images in _network_inputs(case, plan):
            network(images.to(plan.device))
        rows.append(torch.cat(seen).mean(dim=0))
    handle.remove()
    return torch.stack(rows)


def _network_inputs(case: Case, plan: Plan) -> Iterator[torch.Tensor]:
    """Yields the case in batches that the network takes: as it is, slice by slice, or in patches without overlap.

    Each case goes by itself, because other images in a batch would change the last bits.
    """
    planes = case.image.transpose(0, 1) if case.image.ndim - 1 > plan.spatial_dims else case.image[None]
    for start in range(0, len(planes), BATCH):
        batch = planes[start : start + BATCH]
        yield from (
            _patches(batch, patch_size(plan.sampling, plan.spatial_dims))
            if (plan.sampling.mode == "patches")
            else (batch,)
        )


def _patches(images: torch.Tensor, size: tuple[int, ...]) -> Iterator[torch.Tensor]:
    """[B, C, *size] without overlap; zeros fill the last one of each side, as in training."""
    missing = [-n % s for n, s in zip(images.shape[2:], size, strict=True)]
    padded = nn.functional.pad(images, [amount for short in reversed(missing) for amount in (0, short)])
    counts = [n // s for n, s in zip(padded.shape[2:], size, strict=True)]
    for position in np.ndindex(*counts):
        window = tuple(slice(i * s, (i + 1) * s) for i, s in zip(position, size, strict=True))
        yield padded[(slice(None), slice(None), *window)]
