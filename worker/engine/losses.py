"""Segmentation losses, in 2D and 3D, of logits [B, S, *space] and a reference [B, S, *space] of 0 and 1.

Each structure has a channel, and structures may overlap, so every channel has its own sigmoid and there is no softmax
over them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from monai.losses.dice import DiceFocalLoss, DiceLoss
from monai.losses.tversky import TverskyLoss
from torch.nn.functional import binary_cross_entropy_with_logits, interpolate

#: Logits: one tensor, or a list of them at falling resolution, finest first (deep supervision).
Logits = torch.Tensor | Sequence[torch.Tensor]
Loss = Callable[[Logits, torch.Tensor], torch.Tensor]
#: Answers nearer to 0 or 1 count as this near, so that their logits are finite.
MIN_ANSWER = 1e-6
_SingleLoss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Dice:
    """1 - soft Dice of each image and structure, then the mean (Milletari et al., 3DV 2016, without squares)."""


@dataclass(frozen=True)
class DiceBce:
    """Dice plus binary cross-entropy: nnU-Net's Dice + cross-entropy ("DiceCE") for structures that may overlap."""


@dataclass(frozen=True)
class DiceFocal:
    """Dice plus focal loss (Lin et al., ICCV 2017, equation 4, without class weights).

    gamma: focusing exponent, 0 or more; 0 is `DiceBce`.
    """

    gamma: float

    def __post_init__(self) -> None:
        if self.gamma < 0:
            raise ValueError(f"gamma {self.gamma} of the focal loss is negative: choose 0 or more, 2 is the paper's")


@dataclass(frozen=True)
class Tversky:
    """1 - TP / (TP + alpha FP + beta FN) (Salehi et al., MLMI 2017, equation 3).

    alpha, beta: weights of false positives and of false negatives; 0.5 and 0.5 give Dice. beta > alpha finds
    more of small structures at the price of false positives.
    """

    alpha: float
    beta: float

    def __post_init__(self) -> None:
        if self.alpha < 0 or self.beta < 0 or self.alpha + self.beta == 0:
            raise ValueError(
                f"alpha {self.alpha} and beta {self.beta} of the Tversky loss must be 0 or more, and one of them more "
                "than 0: choose 0.3 and 0.7 as in the paper"
            )


LossSettings = Dice | DiceBce | DiceFocal | Tversky


def segmentation_loss(settings: LossSettings) -> Loss:
    """The loss of logits and reference.

    The loss of a list of logits is the mean over resolutions with weights 1, 1/2, 1/4, ... (nnU-Net, Isensee et al.
    2021), the reference brought to each by nearest neighbours.
    """
    single = _single_loss(settings)

    def loss(logits: Logits, reference: torch.Tensor) -> torch.Tensor:
        if isinstance(logits, torch.Tensor):
            return single(logits, reference)
        return _deeply_supervised(single, logits, reference)

    return loss


def distillation_loss(reference_loss: Loss, answers: torch.Tensor, temperature: float, reference_weight: float) -> Loss:
    """a * l_ref + (1 - a) * T^2 * H(softened answers, softened prediction), the mean over voxels (Hinton et al., 2015,
    section 2): each structure's probability p is softened to sigmoid(logit(p) / T), and H is the cross-entropy of two
    outcomes. T^2 keeps the size of the gradient whatever T is.

    reference_loss: l_ref, of the reference. answers: p of the teacher, [B, S, *space], 0 to 1. temperature: T, above 0.
    reference_weight: a, 0 to 1.
    """
    soft = torch.sigmoid(torch.logit(answers, eps=MIN_ANSWER) / temperature)

    def of_answers(logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        return temperature**2 * binary_cross_entropy_with_logits(logits / temperature, wanted)

    def loss(logits: Logits, reference: torch.Tensor) -> torch.Tensor:
        if isinstance(logits, torch.Tensor):
            taught = of_answers(logits, soft)
        else:
            taught = _deeply_supervised(of_answers, logits, soft)
        return reference_weight * reference_loss(logits, reference) + (1 - reference_weight) * taught

    return loss


def _single_loss(settings: LossSettings) -> _SingleLoss:
    match settings:
        case Dice():
            return DiceLoss(sigmoid=True)
        case DiceBce():
            dice = DiceLoss(sigmoid=True)
            return lambda logits, reference: (
                dice(logits, reference) + binary_cross_entropy_with_logits(logits, reference)
            )
        case DiceFocal():
            return DiceFocalLoss(sigmoid=True, gamma=settings.gamma)
        case Tversky():
            return TverskyLoss(sigmoid=True, alpha=settings.alpha, beta=settings.beta)


def _deeply_supervised(single: _SingleLoss, logits: Sequence[torch.Tensor], reference: torch.Tensor) -> torch.Tensor:
    weights = [0.5**level for level in range(len(logits))]
    terms = [
        weight / sum(weights) * single(output, _resized(reference, output.shape[2:]))
        for weight, output in zip(weights, logits, strict=True)
    ]
    return torch.stack(terms).sum()


def _resized(reference: torch.Tensor, space: torch.Size) -> torch.Tensor:
    return reference if reference.shape[2:] == space else interpolate(reference, size=space, mode="nearest-exact")
