"""What every participant of a run knows. No field has a default: defaults live in the experiment's configuration."""

from dataclasses import dataclass
from typing import Literal

import torch

from worker.engine.augmentation import Preset
from worker.engine.losses import LossSettings
from worker.engine.networks.settings import NetworkSettings
from worker.engine.optimizers import OptimizerSettings
from worker.engine.sampling import Sampling


@dataclass(frozen=True)
class Plan:
    """The settings that do not change during a run. `sites` is in site order: the order of sums and of classes.

    local_steps: optimizer steps of a round in place of local_epochs, or None. participation: share of the sites that
    train in a round, drawn anew in each. refuse_outliers: updates out of the others' line are not aggregated.
    nsd_tolerance: in mm, or px where no spacing is known.
    """

    sites: tuple[str, ...]
    seed: int
    structures: tuple[str, ...]
    num_channels: int
    spatial_dims: Literal[2, 3]
    network: NetworkSettings
    sampling: Sampling
    rounds: int
    local_epochs: int
    local_steps: int | None
    batch_size: int
    optimizer: OptimizerSettings
    loss: LossSettings
    augmentation: Preset
    weighting: Literal["cases", "steps", "uniform"]
    participation: float
    refuse_outliers: bool
    nsd_tolerance: float
    device: torch.device
