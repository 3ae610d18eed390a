"""The settings of the segmentation networks: one frozen dataclass for each, without defaults (the contract has those).

The architectures are MONAI's. Every network takes images [B, C, *space] and gives logits [B, S, *space]. Each class
raises ValueError, naming the field and the remedy, for numbers that make no network.
"""

from dataclasses import dataclass
from typing import Literal

#: Statistics of one image (instance), of the batch with running averages (batch), or of up to 8 groups of channels
#: (group).
Norm = Literal["instance", "batch", "group"]
SpatialDims = Literal[2, 3]


@dataclass(frozen=True)
class UNetSettings:
    """Residual U-Net (Kerfoot et al., STACOM 2018).

    channels: feature channels of each level; each level but the last halves the image.
    num_residual_units: convolutions of a level; 0 gives the plain U-Net.
    norm: `instance` is without a learned scale.
    """

    channels: tuple[int, ...]
    num_residual_units: int
    norm: Norm

    def __post_init__(self) -> None:
        _check_levels("channels", self.channels, 2)
        if self.num_residual_units < 0:
            raise ValueError(f"num_residual_units {self.num_residual_units} is negative: choose 0 or more")


@dataclass(frozen=True)
class BasicUNetSettings:
    """U-Net with two convolutions in each level and max pooling (Falk et al., Nature Methods 2019).

    features: six numbers of channels, of the five levels and of the last upsampling. norm: of every convolution.
    """

    features: tuple[int, ...]
    norm: Norm

    def __post_init__(self) -> None:
        _check_levels("features", self.features, 6)
        if len(self.features) != 6:
            raise ValueError(
                f"features {self.features} has {len(self.features)} numbers: give six, of the five levels "
                "and of the last upsampling"
            )


@dataclass(frozen=True)
class DynUNetSettings:
    """The U-Net of nnU-Net (Isensee et al., Nature Methods 2021).

    filters: feature channels of each level, three levels at least.
    deep_supervision: whether in training the decoder's coarser levels, all but the two coarsest, give logits too.
    norm: of every convolution.
    """

    filters: tuple[int, ...]
    deep_supervision: bool
    norm: Norm

    def __post_init__(self) -> None:
        _check_levels("filters", self.filters, 3)

    @property
    def num_outputs(self) -> int:
        """Number of logits in a training step: of every level but the two coarsest; two where there are three
        levels."""
        return max(len(self.filters) - 2, 2) if self.deep_supervision else 1


@dataclass(frozen=True)
class SegResNetSettings:
    """SegResNet without its auto-encoder branch (Myronenko, BrainLes 2018).

    init_filters: feature channels of the first level, doubled at each further one.
    blocks_down: residual blocks of each level on the way down.
    blocks_up: residual blocks of each level on the way up, one level fewer.
    norm: of every convolution.

    Upsampling is by transposed convolution, because interpolation has no reproducible gradient on a GPU.
    """

    init_filters: int
    blocks_down: tuple[int, ...]
    blocks_up: tuple[int, ...]
    norm: Norm

    def __post_init__(self) -> None:
        _check_levels("blocks_down", self.blocks_down, 2)
        _check_levels("blocks_up", self.blocks_up, 1)
        _check_levels("init_filters", (self.init_filters,), 1)
        if len(self.blocks_up) != len(self.blocks_down) - 1:
            raise ValueError(
                f"blocks_up {self.blocks_up} has {len(self.blocks_up)} numbers: give {len(self.blocks_down) - 1}, "
                f"one less than blocks_down {self.blocks_down}"
            )


@dataclass(frozen=True)
class AttentionUnetSettings:
    """Attention U-Net (Oktay et al., MIDL 2018), which always has batch norm.

    channels: feature channels of each level, even on all levels but the last.
    """

    channels: tuple[int, ...]

    def __post_init__(self) -> None:
        _check_levels("channels", self.channels, 2)
        if any(channels % 2 for channels in self.channels[:-1]):
            raise ValueError(
                f"channels {self.channels}: the attention gates need even numbers on all levels but the last"
            )


@dataclass(frozen=True)
class SwinUNETRSettings:
    """Swin UNETR (Hatamizadeh et al., BrainLes 2021) with windows of 7 and instance norm in the convolutional part.

    feature_size: features of the first stage, a multiple of 12, doubled at each further stage.
    depths: blocks of each of the four stages.
    num_heads: attention heads of each stage, which must divide its features.
    """

    feature_size: int
    depths: tuple[int, ...]
    num_heads: tuple[int, ...]

    def __post_init__(self) -> None:
        _check_levels("feature_size", (self.feature_size,), 1)
        if self.feature_size % 12:
            raise ValueError(f"feature_size {self.feature_size} must be a multiple of 12: choose 12, 24, 36 or 48")
        for name, numbers in (("depths", self.depths), ("num_heads", self.num_heads)):
            _check_levels(name, numbers, 4)
            if len(numbers) != 4:
                raise ValueError(f"{name} {numbers} has {len(numbers)} numbers: give four, one a stage")
        for stage, heads in enumerate(self.num_heads):
            features = self.feature_size * 2**stage
            if features % heads:
                raise ValueError(
                    f"num_heads {self.num_heads}: {heads} does not divide the {features} features of stage {stage + 1}"
                )


NetworkSettings = (
    UNetSettings | BasicUNetSettings | DynUNetSettings | SegResNetSettings | AttentionUnetSettings | SwinUNETRSettings
)


def num_halvings(settings: NetworkSettings) -> int:
    """How many times the image's height and width are halved on the way to the deepest level."""
    match settings:
        case UNetSettings() | AttentionUnetSettings():
            return len(settings.channels) - 1
        case DynUNetSettings():
            return len(settings.filters) - 1
        case SegResNetSettings():
            return len(settings.blocks_down) - 1
        case BasicUNetSettings():
            return 4
        case SwinUNETRSettings():
            return 5


def num_bottleneck_features(settings: NetworkSettings) -> int:
    """F of the output [B, F, *space] of `bottleneck`: the channels of the deepest level."""
    match settings:
        case UNetSettings() | AttentionUnetSettings():
            return settings.channels[-1]
        case BasicUNetSettings():
            return settings.features[4]
        case DynUNetSettings():
            return settings.filters[-1]
        case SegResNetSettings():
            return settings.init_filters << num_halvings(settings)  # doubled at each level
        case SwinUNETRSettings():
            return settings.feature_size * 16


def _check_levels(name: str, numbers: tuple[int, ...], fewest: int) -> None:
    if len(numbers) < fewest:
        raise ValueError(f"{name} {numbers} has {len(numbers)} numbers: give {fewest} or more, one a level")
    if min(numbers) < 1:
        raise ValueError(f"{name} {numbers}: every number must be 1 or more")
