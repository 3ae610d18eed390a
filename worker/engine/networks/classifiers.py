"""The networks of the two trained model selectors: images_BCHW float32 to logits_BK, with one class for each site."""

from itertools import pairwise

import torch
from torch import nn

#: Outputs of VGG-11's two hidden fully connected layers, which hold 119.5 of its 128.8 million parameters.
VGG_HIDDEN = 4096


class SmallSelector(nn.Module):
    """A classifier with under 0.1 million parameters.

    Global average pooling replaces VGG's fully connected layers, which are 95 % of what the reference code sends.
    """

    def __init__(self, num_channels: int, num_sites: int) -> None:
        super().__init__()
        widths = (num_channels, 16, 32, 64, 96)
        self.features = nn.Sequential(
            *(
                nn.Sequential(nn.Conv2d(a, b, 3, stride=2, padding=1), nn.GroupNorm(4, b), nn.ReLU())
                for a, b in pairwise(widths)
            )
        )
        self.head = nn.Linear(widths[-1], num_sites)

    def forward(self, images_BCHW: torch.Tensor) -> torch.Tensor:  # noqa: N803 (shape suffix)
        """logits_BK float32."""
        logits_BK: torch.Tensor = self.head(self.features(images_BCHW).mean(dim=(2, 3)))  # noqa: N806
        return logits_BK


class Vgg11(nn.Module):
    """VGG-11 without batch norm (Simonyan & Zisserman, ICLR 2015, configuration A), the reference code's selector.

    It has 128.8 million parameters, 0.5 GB; with Adam's moments every site sends 1.5 GB a round.
    """

    def __init__(self, num_channels: int, num_sites: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for width in (64, "pool", 128, "pool", 256, 256, "pool", 512, 512, "pool", 512, 512, "pool"):
            if isinstance(width, int):
                layers += [nn.Conv2d(num_channels, width, 3, padding=1), nn.ReLU()]
                num_channels = width
            else:
                layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(7))
        hidden = VGG_HIDDEN
        self.head = nn.Sequential(
            nn.Linear(512 * 49, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, num_sites)
        )

    def forward(self, images_BCHW: torch.Tensor) -> torch.Tensor:  # noqa: N803 (shape suffix)
        """logits_BK float32."""
        logits_BK: torch.Tensor = self.head(self.features(images_BCHW).flatten(1))  # noqa: N806
        return logits_BK
