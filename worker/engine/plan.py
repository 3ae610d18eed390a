"""What every participant of a run knows. No field has a default: defaults live in the experiment's configuration."""

from dataclasses import dataclass
from typing import Literal

import torch

Tensors = dict[str, torch.Tensor]
#: Part name (`global`, `personalized/<site>`, `selector`, ...) to its tensors. One part is one safetensors artifact.
State = dict[str, Tensors]

#: The participant that holds all sites' data (centralized training).
POOLED = "pooled"
GLOBAL = "global"


def personalized(site: str) -> str:
    """Part name of a site's personalized model w_p,k."""
    return f"personalized/{site}"


@dataclass(frozen=True)
class Plan:
    """The settings that do not change during a run. `sites` is in site order: the order of sums and of classes."""

    sites: tuple[str, ...]
    seed: int
    structures: tuple[str, ...]
    num_channels: int
    network_channels: tuple[int, ...]
    num_residual_units: int
    rounds: int
    local_epochs: int
    batch_size: int
    learning_rate: float
    optimizer_state: Literal["keep", "reset"]
    loss: Literal["dice", "dice_bce"]
    augmentation: Literal["none", "flips"]
    weighting: Literal["cases", "steps", "uniform"]
    device: torch.device
