"""What every participant of a run knows. No field has a default: defaults live in the experiment's configuration."""

from dataclasses import dataclass
from typing import Literal

import torch

from worker.engine.augmentation import Preset
from worker.engine.exchange import GatherTransform, UpdateTransform
from worker.engine.late_average import LateAverage
from worker.engine.losses import LossSettings
from worker.engine.networks.settings import NetworkSettings
from worker.engine.optimizers import OptimizerSettings
from worker.engine.sampling import Sampling


@dataclass(frozen=True)
class Plan:
    """The settings that do not change during a run.

    sites: slugs, in site order, which is the order of sums and of the selector's classes.
    seed: what every draw of the run depends on.
    structures: names of the S structures, in the order of the planes of references, masks and logits.
    num_channels: C, channels of an image.
    spatial_dims: 2 for pictures and for volumes slice by slice, 3 for volumes.
    network: architecture of all segmentation models.
    sampling: what the network sees of a case.
    rounds: number of rounds; round 0 is the initial state.
    local_epochs: passes over the training cases in a round.
    local_steps: optimizer steps of a round in place of `local_epochs`, or None.
    batch_size: items (pictures, slices, volumes or patches) of an optimizer step.
    optimizer: of the segmentation models at the sites.
    loss: of the segmentation models.
    augmentation: preset of the random changes of training images.
    weighting: a site's weight in averages is its number of training cases, its number of steps, or 1.
    participation: share of the sites that train in a round, above 0 to 1, drawn anew in each round.
    refuse_outliers: whether an outlying update is refused instead of aggregated with a warning (outliers.py).
    nsd_tolerance: of the normalized surface dice, in mm, or in px where no spacing is known.
    update_transforms: steps between what a site trained and what it sends, in their order (exchange.py).
    gather_transforms: steps between what the server gathers and what it aggregates, in their order (exchange.py).
    late_average: the average of late rounds, a round of its own after the last one, or None (late_average.py).
    device: where the networks are; states and updates are on the CPU.
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
    update_transforms: tuple[UpdateTransform, ...]
    gather_transforms: tuple[GatherTransform, ...]
    late_average: LateAverage | None
    device: torch.device

    @property
    def last_round(self) -> int:
        """The number of the last one where training does not end early."""
        return self.rounds + (self.late_average is not None)

    def is_averaging(self, round_: int) -> bool:
        """Whether nobody trains in the round, because it averages those before it."""
        return self.late_average is not None and round_ > self.rounds
