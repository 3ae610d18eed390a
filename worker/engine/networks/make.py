"""From settings to the network: MONAI's architectures, with volumes of few slices halved in their plane first.

The weights are whatever torch draws: load or seed them.
"""

from collections.abc import Sequence

from monai.networks.blocks.upsample import UpSample
from monai.networks.layers.factories import Pool
from monai.networks.nets.attentionunet import AttentionUnet
from monai.networks.nets.basic_unet import BasicUNet
from monai.networks.nets.segresnet import SegResNet
from monai.networks.nets.swin_unetr import SwinUNETR
from monai.networks.nets.unet import UNet
from torch import nn

from worker.engine.networks.conv3d import with_paired_convolutions
from worker.engine.networks.dynunet import DeeplySupervisedDynUNet
from worker.engine.networks.settings import (
    AttentionUnetSettings,
    BasicUNetSettings,
    DynUNetSettings,
    NetworkSettings,
    Norm,
    SegResNetSettings,
    SpatialDims,
    SwinUNETRSettings,
    UNetSettings,
)
from worker.engine.networks.sizes import strides

#: Maximum number of groups of channels in group norm, as in SegResNet (Myronenko 2018).
MAX_GROUPS = 8

Strides = Sequence[tuple[int, ...]]


def make_network(
    settings: NetworkSettings,
    spatial_dims: SpatialDims,
    in_channels: int,
    out_channels: int,
    depth: int | None = None,
) -> nn.Module:
    """A network from images [B, C, *space] to logits [B, S, *space]; S = out_channels, one channel for each structure.

    In training, DynUNet with deep supervision gives a list of logits, finest first, each half as large as the one
    before; in evaluation it gives the finest alone. depth: slices of the network's input; None for pictures, and for
    volumes whose depth is halved like the other sides (see `sizes.strides`). Raises ValueError for a depth below 1.
    """
    network = _make(settings, spatial_dims, in_channels, out_channels, strides(settings, spatial_dims, depth))
    return with_paired_convolutions(network)


def _make(
    settings: NetworkSettings, spatial_dims: SpatialDims, in_channels: int, out_channels: int, steps: Strides
) -> nn.Module:
    match settings:
        case UNetSettings():
            # The U-Net's instance norm has no learned scale, which is MONAI's default; a scale would change its bits.
            norm = "INSTANCE" if settings.norm == "instance" else _monai_norm(settings.norm)
            network: nn.Module = UNet(
                spatial_dims=spatial_dims,
                in_channels=in_channels,
                out_channels=out_channels,
                channels=settings.channels,
                strides=steps,  # type: ignore[arg-type]  # MONAI takes tuples, which its annotation does not say
                num_res_units=settings.num_residual_units,
                norm=norm,
            )
            return _with_norm(network, settings.norm)
        case BasicUNetSettings():
            return _with_norm(_basic_unet(settings, spatial_dims, in_channels, out_channels, steps), settings.norm)
        case DynUNetSettings():
            network = DeeplySupervisedDynUNet(
                settings, spatial_dims, in_channels, out_channels, steps, _monai_norm(settings.norm)
            )
            return _with_norm(network, settings.norm)
        case SegResNetSettings():
            return _with_norm(_segresnet(settings, spatial_dims, in_channels, out_channels, steps), settings.norm)
        case AttentionUnetSettings():
            return AttentionUnet(
                spatial_dims=spatial_dims,
                in_channels=in_channels,
                out_channels=out_channels,
                channels=settings.channels,
                strides=steps,  # type: ignore[arg-type]  # MONAI hands each on to Convolution, which takes tuples
            )
        case SwinUNETRSettings():
            return _swin_unetr(settings, spatial_dims, in_channels, out_channels)


def _basic_unet(
    settings: BasicUNetSettings, spatial_dims: SpatialDims, in_channels: int, out_channels: int, steps: Strides
) -> nn.Module:
    """MONAI's network, which halves all sides; where a level's stride is flat, its pooling and upsampling are
    replaced."""
    network = BasicUNet(
        spatial_dims=spatial_dims,
        in_channels=in_channels,
        out_channels=out_channels,
        features=settings.features,
        norm=_monai_norm(settings.norm),
    )
    for level, stride in enumerate(steps, start=1):
        if min(stride) == 1:
            getattr(network, f"down_{level}").max_pooling = Pool["MAX", spatial_dims](kernel_size=stride)
            up = getattr(network, f"upcat_{level}")
            old = up.upsample.deconv
            up.upsample = UpSample(spatial_dims, old.in_channels, old.out_channels, stride, mode="deconv")
    return network


def _segresnet(
    settings: SegResNetSettings, spatial_dims: SpatialDims, in_channels: int, out_channels: int, steps: Strides
) -> nn.Module:
    """MONAI's network, which halves all sides; where a level's stride is flat, its strides are replaced."""
    network = SegResNet(
        spatial_dims=spatial_dims,
        init_filters=settings.init_filters,
        in_channels=in_channels,
        out_channels=out_channels,
        norm=_monai_norm(settings.norm),
        blocks_down=settings.blocks_down,
        blocks_up=settings.blocks_up,
        upsample_mode="deconv",
    )
    for level, stride in enumerate(steps, start=1):
        if min(stride) == 1:
            network.down_layers[level][0].conv.stride = stride
            features = settings.init_filters * 2 ** (level - 1)
            network.up_samples[-level][1] = UpSample(spatial_dims, features, features, stride, mode="deconv")
    return network


def _swin_unetr(
    settings: SwinUNETRSettings, spatial_dims: SpatialDims, in_channels: int, out_channels: int
) -> nn.Module:
    """MONAI's network without the index tables of its windows in the state dict: equal in every copy, 7.5 MB in 3D."""
    network = SwinUNETR(
        in_channels=in_channels,
        out_channels=out_channels,
        feature_size=settings.feature_size,
        depths=settings.depths,
        num_heads=settings.num_heads,
        spatial_dims=spatial_dims,
    )
    for module in network.modules():
        for name, table in list(module.named_buffers(recurse=False)):
            delattr(module, name)
            module.register_buffer(name, table, persistent=False)
    return network


def _monai_norm(norm: Norm) -> tuple[str, dict[str, object]]:
    """The norm as MONAI takes it. Group norm replaces batch norm later, because its groups must divide each layer's
    channels."""
    return ("BATCH" if norm == "group" else norm.upper(), {"affine": True})


def _with_norm(network: nn.Module, norm: Norm) -> nn.Module:
    """The network; for norm `group`, group norm over the most groups that divide the channels replaces every batch
    norm."""
    if norm == "group":
        _group_norm_for_batch_norm(network)
    return network


def _group_norm_for_batch_norm(module: nn.Module) -> None:
    for name, child in module.named_children():
        if isinstance(child, nn.modules.batchnorm._BatchNorm):
            channels = child.num_features
            groups = max(groups for groups in range(1, MAX_GROUPS + 1) if channels % groups == 0)
            setattr(module, name, nn.GroupNorm(groups, channels))
        else:
            _group_norm_for_batch_norm(child)
