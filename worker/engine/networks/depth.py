"""Where in a network a tensor is: in the encoder, in the decoder, or among what fits it to a site's images and
masks."""

import re
from typing import Literal

from torch import nn

from worker.engine.networks.parts import head_keys
from worker.engine.networks.settings import (
    AttentionUnetSettings,
    BasicUNetSettings,
    DynUNetSettings,
    NetworkSettings,
    SegResNetSettings,
    SwinUNETRSettings,
    UNetSettings,
)

#: site: the output layer and all normalization layers.
Depth = Literal["encoder", "decoder", "site"]
_NORMS = (
    nn.modules.batchnorm._NormBase,  # batch and instance norm
    nn.GroupNorm,
    nn.LayerNorm,
)


def depths(settings: NetworkSettings, network: nn.Module) -> dict[str, Depth]:
    """The depth of each state-dict key. network: what `make_network` made of the settings."""
    head = head_keys(settings, network)
    norms = tuple(f"{name}." for name, module in network.named_modules() if isinstance(module, _NORMS))
    encoder = re.compile(_encoder(settings))

    def depth(key: str) -> Depth:
        if key in head or key.startswith(norms):
            return "site"
        return "encoder" if encoder.match(key) else "decoder"

    return {key: depth(key) for key in network.state_dict()}


def _encoder(settings: NetworkSettings) -> str:
    """What the keys of the encoder, the deepest level with it, begin with."""
    match settings:
        case UNetSettings() | AttentionUnetSettings():
            # Each level holds the next as its `1.submodule`; its own encoder is `0`, and the deepest has no number.
            return r"model\.(1\.submodule\.)*(0|conv|residual)\."
        case BasicUNetSettings():
            return r"conv_0\.|down_"
        case DynUNetSettings():
            return r"input_block\.|downsamples\.|bottleneck\."
        case SegResNetSettings():
            return r"convInit\.|down_layers\."
        case SwinUNETRSettings():
            return r"swinViT\.|encoder"
