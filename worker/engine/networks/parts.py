"""The parts of a network that methods treat apart: the output layer, batch norm, and the deepest level."""

from torch import nn

from worker.engine.networks.settings import (
    AttentionUnetSettings,
    BasicUNetSettings,
    DynUNetSettings,
    NetworkSettings,
    SegResNetSettings,
    SwinUNETRSettings,
    UNetSettings,
)


def head_keys(settings: NetworkSettings, network: nn.Module) -> frozenset[str]:
    """The state-dict keys of the output layer, which FedPer and FedRep keep at a site.

    For the U-Net it is the whole topmost decoder level, whose transposed convolution has one channel for each structure
    already; for DynUNet it includes the heads of deep supervision.
    """
    match settings:
        case UNetSettings() | AttentionUnetSettings():
            prefixes: tuple[str, ...] = ("model.2.",)
        case BasicUNetSettings():
            prefixes = ("final_conv.",)
        case DynUNetSettings():
            prefixes = ("output_block.", "deep_supervision_heads.")
        case SegResNetSettings():
            prefixes = ("conv_final.",)
        case SwinUNETRSettings():
            prefixes = ("out.",)
    return frozenset(key for key in network.state_dict() if key.startswith(prefixes))


def batch_norm_keys(network: nn.Module) -> frozenset[str]:
    """The state-dict keys of all batch norm layers, scales and running statistics; empty where there is no such
    layer."""
    return frozenset(
        f"{name}.{key}"
        for name, module in network.named_modules()
        if isinstance(module, nn.modules.batchnorm._BatchNorm)
        for key in module.state_dict()
    )


def batch_norm_statistic_keys(network: nn.Module) -> frozenset[str]:
    """Those of `batch_norm_keys` that training counts and does not learn: running mean and variance, and counter."""
    learned = {name for name, _ in network.named_parameters()}
    return batch_norm_keys(network) - learned


def bottleneck(settings: NetworkSettings, network: nn.Module) -> nn.Module:
    """The deepest module of the encoder; its output [B, num_bottleneck_features, *space] is the encoder's feature.

    Register a forward hook on it. network: what `make_network` made of the settings.
    """
    match settings:
        case UNetSettings() | AttentionUnetSettings():
            # Each level holds the next as its `submodule`.
            levels: list[nn.Module] = [m for name, m in network.named_modules() if name.endswith(".submodule")]
            return levels[-1]
        case BasicUNetSettings():
            return network.get_submodule("down_4")
        case DynUNetSettings():
            return network.get_submodule("bottleneck")
        case SegResNetSettings():
            return network.get_submodule(f"down_layers.{len(settings.blocks_down) - 1}")
        case SwinUNETRSettings():
            return network.get_submodule("encoder10")
