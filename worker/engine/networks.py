"""The segmentation network and the two trained model selectors.

Shapes: images_BCHW float32; segmentation logits_BSHW, one channel a structure; selector logits_BK, one class a site.
"""

from itertools import pairwise

import torch
from monai.networks.nets.unet import UNet
from torch import nn

from worker.engine.plan import Plan, Tensors
from worker.engine.seeding import seeded_initialization


def build_network(plan: Plan) -> nn.Module:
    """MONAI's 2D residual U-Net; logits_BSHW. Its weights are whatever torch draws: load or seed them."""
    return UNet(
        spatial_dims=2,
        in_channels=plan.num_channels,
        out_channels=len(plan.structures),
        channels=plan.network_channels,
        strides=(2,) * (len(plan.network_channels) - 1),
        num_res_units=plan.num_residual_units,
    ).to(plan.device)


def blank_network(plan: Plan) -> nn.Module:
    """A network whose weights are to be loaded: drawing those that are overwritten moves no global generator.

    Costs 5 to 20 ms, as much as a training step of a small network; building on the meta device is no quicker.
    """
    with torch.random.fork_rng(devices=[]):
        return build_network(plan)


def load_network(plan: Plan, weights: Tensors) -> nn.Module:
    """Raises ValueError naming the first key that does not fit the plan's network."""
    return load_weights(blank_network(plan), weights)


def load_weights(network: nn.Module, weights: Tensors) -> nn.Module:
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f"these weights do not fit the network of the plan: {error}") from error
    return network


def initial_network(plan: Plan) -> nn.Module:
    """The network of round 0: the same for every strategy with the same seed, so that comparisons are paired."""
    with seeded_initialization(plan.seed, "segmentation network"):
        return build_network(plan)


class SmallSelector(nn.Module):
    """A classifier of under 0.1 million parameters: global average pooling replaces VGG's fully connected layers,
    which are 95 % of what the reference code sends."""

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
        logits_BK: torch.Tensor = self.head(self.features(images_BCHW).mean(dim=(2, 3)))  # noqa: N806
        return logits_BK


class Vgg11(nn.Module):
    """VGG-11 without batch norm (Simonyan & Zisserman, ICLR 2015, configuration A), as the reference code's selector.

    128.8 million parameters, 0.5 GB: with Adam's moments every site sends 1.5 GB a round.
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
        self.head = nn.Sequential(
            nn.Linear(512 * 49, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, num_sites)
        )

    def forward(self, images_BCHW: torch.Tensor) -> torch.Tensor:  # noqa: N803 (shape suffix)
        logits_BK: torch.Tensor = self.head(self.features(images_BCHW).flatten(1))  # noqa: N806
        return logits_BK
