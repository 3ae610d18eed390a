"""nnU-Net's U-Net with deep supervision at the decoder's own scales."""

from collections.abc import Sequence

import torch
from monai.networks.nets.dynunet import DynUNet
from torch import nn

from worker.engine.networks.settings import DynUNetSettings, SpatialDims


class DeeplySupervisedDynUNet(nn.Module):
    """MONAI's DynUNet blocks in a forward pass of our own.

    MONAI's forward pass resizes every output to the finest one's size, where nnU-Net resizes the reference. MONAI also
    registers every block twice, which doubles what a site sends and which safetensors refuses to store, and keeps the
    last step's graph alive between steps.
    """

    def __init__(
        self,
        settings: DynUNetSettings,
        spatial_dims: SpatialDims,
        in_channels: int,
        out_channels: int,
        strides: Sequence[tuple[int, ...]],
        norm: tuple[str, dict[str, object]],
    ) -> None:
        super().__init__()
        blocks = DynUNet(
            spatial_dims=spatial_dims,
            in_channels=in_channels,
            out_channels=out_channels,
            kernel_size=(3,) * len(settings.filters),
            strides=((1,) * spatial_dims, *strides),
            upsample_kernel_size=strides,
            filters=settings.filters,
            norm_name=norm,
            deep_supervision=settings.deep_supervision,
            deep_supr_num=max(settings.num_outputs - 1, 1),
        )
        self.input_block = blocks.input_block
        self.downsamples = blocks.downsamples
        self.bottleneck = blocks.bottleneck
        self.upsamples = blocks.upsamples
        self.output_block = blocks.output_block
        self.deep_supervision_heads = blocks.deep_supervision_heads if settings.deep_supervision else nn.ModuleList()

    def forward(self, images: torch.Tensor) -> torch.Tensor | list[torch.Tensor]:
        """Logits [B, S, *space]; in training with deep supervision a list of them, finest first."""
        features = self.input_block(images)
        skips = [features]
        for down in self.downsamples:
            features = down(features)
            skips.append(features)
        features = self.bottleneck(features)
        decoded = []
        for up, skip in zip(self.upsamples, reversed(skips), strict=True):
            features = up(features, skip)
            decoded.append(features)
        logits: torch.Tensor = self.output_block(features)
        if not (self.training and self.deep_supervision_heads):
            return logits
        coarser = decoded[-2 : -2 - len(self.deep_supervision_heads) : -1]
        return [logits, *(head(f) for head, f in zip(self.deep_supervision_heads, coarser, strict=True))]
