"""The segmentation networks, all MONAI's, and their sizes."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from backend.contracts.base import OWN, REFERENCE, Contract, choices, default_from
from backend.contracts.refusals import refused

Width = Annotated[int, Field(ge=4, le=1024)]
SpatialDims = Literal[2, 3]
_DIMENSIONS: Any = Field(
    default=2,
    json_schema_extra=choices(
        {
            "2": "pictures, and volumes slice by slice",
            "3": "volumes as a whole or by patches, which needs more memory",
        }
    ),
)
_NORM: Any = Field(
    default="instance",
    json_schema_extra=choices(
        {
            "instance": "of each image",
            "batch": "of the batch, with running averages (FedBN and SiloBN keep those at the sites)",
            "group": "of groups of channels",
        }
    )
    | default_from(REFERENCE),
)
Norm = Literal["instance", "batch", "group"]


class NetworkConfig(Contract):
    """MONAI's residual U-Net."""

    name: Literal["unet"] = Field(default="unet", description="The segmentation network.")
    spatial_dims: SpatialDims = _DIMENSIONS
    channels: tuple[Width, ...] = Field(
        default=(16, 32, 64, 128, 256),
        min_length=2,
        max_length=7,
        description="Feature channels of each level; each level but the last halves the image.",
        json_schema_extra=default_from(REFERENCE),
    )
    num_residual_units: int = Field(
        default=2,
        ge=0,
        le=4,
        description="Residual units of each level; 0 for plain convolutions.",
        json_schema_extra=default_from(REFERENCE),
    )
    norm: Norm = _NORM

    @property
    def num_halvings(self) -> int:
        """How often the network halves the image's sides."""
        return len(self.channels) - 1


class BasicUNetConfig(Contract):
    """U-Net of two convolutions a level (Falk et al., Nature Methods 2019)."""

    name: Literal["basic-unet"] = "basic-unet"
    spatial_dims: SpatialDims = _DIMENSIONS
    features: tuple[Width, ...] = Field(
        default=(32, 32, 64, 128, 256, 32),
        min_length=6,
        max_length=6,
        description="Feature channels of the five levels, and of the last upsampling.",
        json_schema_extra=default_from("MONAI's default"),
    )
    norm: Norm = Field(
        default="batch",
        description="As of the U-Net.",
        json_schema_extra=default_from(f"{OWN}; so that FedBN has something to keep"),
    )

    @property
    def num_halvings(self) -> int:
        return 4


class DynUNetConfig(Contract):
    """The U-Net of nnU-Net (Isensee et al., Nature Methods 2021)."""

    name: Literal["dynunet"] = "dynunet"
    spatial_dims: SpatialDims = _DIMENSIONS
    filters: tuple[Width, ...] = Field(
        default=(32, 64, 128, 256, 320),
        min_length=3,
        max_length=7,
        description="Feature channels of each level.",
        json_schema_extra=default_from("nnU-Net's, at most 320 for volumes"),
    )
    deep_supervision: bool = Field(
        default=True, description="In training the decoder's coarser levels are compared with the reference as well."
    )
    norm: Norm = _NORM

    @property
    def num_halvings(self) -> int:
        return len(self.filters) - 1


class SegResNetConfig(Contract):
    """SegResNet (Myronenko, BrainLes 2018), without its auto-encoder branch."""

    name: Literal["segresnet"] = "segresnet"
    spatial_dims: SpatialDims = _DIMENSIONS
    init_filters: int = Field(
        default=16, ge=8, le=128, description="Feature channels of the first level; doubled at each further level."
    )
    blocks_down: tuple[Annotated[int, Field(ge=1, le=8)], ...] = Field(
        default=(1, 2, 2, 4), min_length=2, max_length=6, description="Residual blocks of each level going down."
    )
    norm: Norm = Field(
        default="group", description="As of the U-Net.", json_schema_extra=default_from("Myronenko 2018")
    )

    @property
    def num_halvings(self) -> int:
        return len(self.blocks_down) - 1


class AttentionUnetConfig(Contract):
    """Attention U-Net (Oktay et al., MIDL 2018); it has batch norm."""

    name: Literal["attention-unet"] = "attention-unet"
    spatial_dims: SpatialDims = _DIMENSIONS
    channels: tuple[Width, ...] = Field(
        default=(16, 32, 64, 128, 256), min_length=2, max_length=7, description="Feature channels of each level."
    )

    @property
    def num_halvings(self) -> int:
        return len(self.channels) - 1


class SwinUNETRConfig(Contract):
    """Swin UNETR (Hatamizadeh et al., BrainLes 2021): a transformer's encoder; slow on processors."""

    name: Literal["swin-unetr"] = "swin-unetr"
    spatial_dims: SpatialDims = _DIMENSIONS
    feature_size: Literal[12, 24, 36, 48] = Field(
        default=12,
        description="Features of the first stage, doubled at each further one.",
        json_schema_extra=default_from(f"{OWN}, which is small; 48 in the paper"),
    )
    depths: tuple[Annotated[int, Field(ge=1, le=8)], ...] = Field(
        default=(2, 2, 2, 2), min_length=4, max_length=4, description="Blocks of each of the four stages."
    )
    num_heads: tuple[Annotated[int, Field(ge=1, le=48)], ...] = Field(
        default=(3, 6, 12, 24), min_length=4, max_length=4, description="Attention heads of each stage."
    )

    @model_validator(mode="after")
    def _heads_divide_features(self) -> Self:
        for stage, heads in enumerate(self.num_heads):
            features = self.feature_size * 2**stage
            if features % heads:
                raise refused(
                    f"num_heads {list(self.num_heads)}: {heads} does not divide the {features} features of "
                    f"stage {stage + 1}",
                    "choose 3, 6, 12, 24",
                    field="num_heads",
                    value=list(self.num_heads),
                )
        return self

    @property
    def num_halvings(self) -> int:
        return 5


AnyNetworkConfig = Annotated[
    NetworkConfig | BasicUNetConfig | DynUNetConfig | SegResNetConfig | AttentionUnetConfig | SwinUNETRConfig,
    Field(discriminator="name"),
]
