"""Segmentation losses. logits_BSHW and reference_BSHW: one channel a structure; structures may overlap."""

from collections.abc import Callable
from typing import Literal

import torch
from monai.losses.dice import DiceLoss
from torch.nn.functional import binary_cross_entropy_with_logits

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def segmentation_loss(name: Literal["dice", "dice_bce"]) -> Loss:
    """`dice`: 1 - soft Dice of the sigmoid, for each image and structure, then the mean (MONAI's DiceLoss)."""
    dice: Loss = DiceLoss(sigmoid=True)
    match name:
        case "dice":
            return dice
        case "dice_bce":
            return lambda logits, reference: (
                dice(logits, reference) + binary_cross_entropy_with_logits(logits, reference)
            )
