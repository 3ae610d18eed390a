"""Three sizes of every network, for pictures and for volumes; docs/networks.md has their numbers of parameters.

They are plain dictionaries with the fields of the settings, and `preset` makes settings of them. The names are those of
an experiment's configuration.
"""

from collections.abc import Mapping
from typing import Any, Literal

from worker.engine.networks.settings import (
    AttentionUnetSettings,
    BasicUNetSettings,
    DynUNetSettings,
    NetworkSettings,
    SegResNetSettings,
    SpatialDims,
    SwinUNETRSettings,
    UNetSettings,
)

NetworkName = Literal["unet", "basic-unet", "dynunet", "segresnet", "attention-unet", "swin-unetr"]
Size = Literal["small", "medium", "large"]

#: A network's name to the class of its settings.
SETTINGS: Mapping[NetworkName, type[NetworkSettings]] = {
    "unet": UNetSettings,
    "basic-unet": BasicUNetSettings,
    "dynunet": DynUNetSettings,
    "segresnet": SegResNetSettings,
    "attention-unet": AttentionUnetSettings,
    "swin-unetr": SwinUNETRSettings,
}

_PYRAMIDS: Mapping[Size, tuple[int, ...]] = {
    "small": (16, 32, 64, 128),
    "medium": (16, 32, 64, 128, 256),
    "large": (32, 64, 128, 256, 512),
}


def _dynunet(size: Size, spatial_dims: SpatialDims) -> dict[str, Any]:
    """nnU-Net's pyramid begins with 32 and stops growing at 512 in pictures, 320 in volumes."""
    widest = 512 if spatial_dims == 2 else 320
    first, levels = {"small": (16, 4), "medium": (32, 5), "large": (32, 6)}[size]
    filters = tuple(min(first * 2**level, widest) for level in range(levels))
    return {"filters": filters, "deep_supervision": True, "norm": "instance"}


def _dictionaries(size: Size, spatial_dims: SpatialDims) -> dict[NetworkName, dict[str, Any]]:
    first = {"small": 16, "medium": 32, "large": 64 if spatial_dims == 2 else 48}[size]
    filters = {"small": 8, "medium": 16, "large": 32}[size]
    feature_size = {"small": 12, "medium": 24, "large": 48}[size]
    heads = (1, 2, 4, 8) if size == "small" else (3, 6, 12, 24)
    return {
        "unet": {"channels": _PYRAMIDS[size], "num_residual_units": 2, "norm": "instance"},
        "basic-unet": {"features": (first, first, 2 * first, 4 * first, 8 * first, first), "norm": "batch"},
        "dynunet": _dynunet(size, spatial_dims),
        "segresnet": {
            "init_filters": filters,
            "blocks_down": (1, 2, 2, 4),
            "blocks_up": (1, 1, 1),
            "norm": "group",
        },
        "attention-unet": {"channels": _PYRAMIDS[size]},
        "swin-unetr": {"feature_size": feature_size, "depths": (2, 2, 2, 2), "num_heads": heads},
    }


#: PRESETS[network][size][spatial_dims]: the fields of the network's settings.
PRESETS: Mapping[NetworkName, Mapping[Size, Mapping[SpatialDims, Mapping[str, Any]]]] = {
    name: {size: {dims: _dictionaries(size, dims)[name] for dims in (2, 3)} for size in ("small", "medium", "large")}
    for name in SETTINGS
}


def preset(name: NetworkName, size: Size, spatial_dims: SpatialDims) -> NetworkSettings:
    """The settings of a network in one of its three sizes."""
    return SETTINGS[name](**PRESETS[name][size][spatial_dims])
