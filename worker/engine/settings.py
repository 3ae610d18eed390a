"""Groups of settings that the plan is made of. None has a default: defaults live in the experiment's configuration."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Intensity:
    """unit: by the range of the pixel type (pictures); window: `low` becomes 0 and `high` 1, clipped; percentile: the
    image's own 0.5th and 99.5th percentiles likewise; standardized: zero mean and unit variance of each channel."""

    kind: Literal["unit", "standardized", "percentile", "window"]
    low: float
    high: float


@dataclass(frozen=True)
class Sampling:
    """size: side, in pixels, of what the network sees; depth: its slices, for 3D networks.

    mode resize: a case, or each slice of a volume, is resized to it. mode patches: patches of it are cut from the case
    as it is, or resampled to `spacing` first (mm, or original pixels for photographs, in array order).
    """

    mode: Literal["resize", "patches"]
    size: int
    depth: int
    spacing: tuple[float, ...] | None
    patches_per_case: int
    foreground_share: float
    overlap: float
    slices: Literal["all", "foreground"]


@dataclass(frozen=True)
class OptimizerSettings:
    """momentum: SGD's. step_rounds, step_factor: of the step schedule; power: of the polynomial one. gradient_clipping:
    largest 2-norm of a step's gradient. mixed_precision: bfloat16 in forward passes, on GPUs only."""

    name: Literal["sgd", "adam", "adamw"]
    learning_rate: float
    momentum: float
    weight_decay: float
    state: Literal["keep", "reset"]
    schedule: Literal["constant", "cosine", "polynomial", "step"]
    warmup_rounds: int
    step_rounds: int
    step_factor: float
    power: float
    gradient_clipping: float | None
    mixed_precision: bool
