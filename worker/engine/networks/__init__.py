"""Segmentation networks in two and three dimensions, and the trained model selectors."""

from worker.engine.networks.classifiers import SmallSelector, Vgg11
from worker.engine.networks.make import make_network
from worker.engine.networks.parts import batch_norm_keys, batch_norm_statistic_keys, bottleneck, head_keys
from worker.engine.networks.presets import PRESETS, SETTINGS, preset
from worker.engine.networks.settings import (
    AttentionUnetSettings,
    BasicUNetSettings,
    DynUNetSettings,
    NetworkSettings,
    SegResNetSettings,
    SwinUNETRSettings,
    UNetSettings,
    num_bottleneck_features,
)
from worker.engine.networks.sizes import check_size, minimum_size, size_multiple

__all__ = [
    "PRESETS",
    "SETTINGS",
    "AttentionUnetSettings",
    "BasicUNetSettings",
    "DynUNetSettings",
    "NetworkSettings",
    "SegResNetSettings",
    "SmallSelector",
    "SwinUNETRSettings",
    "UNetSettings",
    "Vgg11",
    "batch_norm_keys",
    "batch_norm_statistic_keys",
    "bottleneck",
    "check_size",
    "head_keys",
    "make_network",
    "minimum_size",
    "num_bottleneck_features",
    "preset",
    "size_multiple",
]
