"""The losses, with numbers worked by hand. Logit 0 is probability 1/2; +-100 is as good as 1 and 0."""

from math import log

import pytest
import torch
from monai.losses.dice import DiceLoss
from torch.nn.functional import binary_cross_entropy_with_logits

from worker.engine.losses import Dice, DiceBce, DiceFocal, LossSettings, Tversky, segmentation_loss

#: One image, one structure, 2 x 2 pixels; half the reference is the structure.
REFERENCE = torch.tensor([[[[1.0, 1.0], [0.0, 0.0]]]])
EVERY_LOSS: tuple[LossSettings, ...] = (Dice(), DiceBce(), DiceFocal(2.0), Tversky(0.3, 0.7))


def value(settings: LossSettings, logits: torch.Tensor | list[torch.Tensor], reference: torch.Tensor) -> float:
    return float(segmentation_loss(settings)(logits, reference))


def certain(reference: torch.Tensor) -> torch.Tensor:
    return 200 * reference - 100


def test_undecided_logits() -> None:
    """p = 1/2 everywhere: intersection 1, sums 2 + 2, so Dice is 2 * 1 / 4 = 1/2. Cross-entropy is ln 2 a pixel.

    Focal: (1 - 1/2)^2 ln 2 a pixel. Tversky: TP = 1, FP = 1, FN = 1: 1 - 1 / (1 + 0.3 + 0.7) = 1/2.
    """
    undecided = torch.zeros_like(REFERENCE)
    assert value(Dice(), undecided, REFERENCE) == pytest.approx(0.5, abs=1e-5)
    assert value(DiceBce(), undecided, REFERENCE) == pytest.approx(0.5 + log(2), abs=1e-5)
    assert value(DiceFocal(2.0), undecided, REFERENCE) == pytest.approx(0.5 + log(2) / 4, abs=1e-5)
    assert value(Tversky(0.3, 0.7), undecided, REFERENCE) == pytest.approx(0.5, abs=1e-5)


def test_tversky_tells_a_miss_from_a_false_alarm() -> None:
    """Half the structure found: TP 1, FN 1: 1 - 1 / (1 + 0.7). All pixels marked: TP 2, FP 2: 1 - 2 / (2 + 0.6)."""
    half = certain(torch.tensor([[[[1.0, 0.0], [0.0, 0.0]]]]))
    everything = certain(torch.ones(1, 1, 2, 2))
    assert value(Tversky(0.3, 0.7), half, REFERENCE) == pytest.approx(1 - 1 / 1.7, abs=1e-5)
    assert value(Tversky(0.3, 0.7), everything, REFERENCE) == pytest.approx(1 - 2 / 2.6, abs=1e-5)
    assert value(Tversky(0.5, 0.5), half, REFERENCE) == pytest.approx(value(Dice(), half, REFERENCE), abs=1e-5)


def test_focal_loss_with_gamma_0_is_cross_entropy() -> None:
    logits = torch.randn(2, 2, 4, 4, generator=torch.Generator().manual_seed(0))
    reference = (logits > 0.3).float()
    assert value(DiceFocal(0.0), logits, reference) == pytest.approx(value(DiceBce(), logits, reference), rel=1e-6)


@pytest.mark.parametrize("settings", EVERY_LOSS, ids=str)
@pytest.mark.parametrize("space", [(4, 4), (2, 4, 4)], ids=["2D", "3D"])
def test_structures_may_overlap_and_a_perfect_prediction_costs_nothing(
    settings: LossSettings, space: tuple[int, ...]
) -> None:
    """The second structure lies in the first: a softmax over structures could not have both."""
    reference = torch.zeros(2, 2, *space)
    reference[:, 0, ..., :3, :3] = 1
    reference[:, 1, ..., 1:3, 1:3] = 1
    assert value(settings, certain(reference), reference) == pytest.approx(0, abs=1e-5)
    assert value(settings, certain(1 - reference), reference) > 0.9


def test_dice_bce_adds_cross_entropy_to_monais_dice_to_the_last_bit() -> None:
    logits = torch.randn(2, 2, 8, 8, generator=torch.Generator().manual_seed(0))
    reference = (logits > 0.3).float()
    dice = DiceLoss(sigmoid=True)(logits, reference)
    assert torch.equal(segmentation_loss(Dice())(logits, reference), dice)
    expected = dice + binary_cross_entropy_with_logits(logits, reference)
    assert torch.equal(segmentation_loss(DiceBce())(logits, reference), expected)


def test_deep_supervision_weighs_the_resolutions_1_a_half_and_a_quarter() -> None:
    """4 x 4 right (loss 0), 2 x 2 wrong (1), 1 x 1 undecided.

    Weights 4/7, 2/7, 1/7. The one pixel of the coarsest reference is 1: Dice 2 * 0.5 / 1.5 = 2/3, loss 1/3.
    Sum: 0 + 2/7 + 1/21 = 1/3.
    """
    reference = torch.ones(1, 1, 4, 4)
    outputs = [certain(reference), certain(torch.zeros(1, 1, 2, 2)), torch.zeros(1, 1, 1, 1)]
    assert value(Dice(), outputs, reference) == pytest.approx(1 / 3, abs=1e-4)


@pytest.mark.parametrize("settings", EVERY_LOSS, ids=str)
def test_deep_supervision_resizes_the_reference_by_nearest_neighbours(settings: LossSettings) -> None:
    """Blocks of 2 x 2 (and in 3D whole slices, depth not halved) survive: right predictions cost nothing."""
    coarse = torch.tensor([[[[1.0, 0.0], [0.0, 0.0]]]])
    fine = coarse.repeat_interleave(2, -1).repeat_interleave(2, -2)
    assert value(settings, [certain(fine), certain(coarse)], fine) == pytest.approx(0, abs=1e-5)
    volumes = [certain(planes[:, :, None].repeat(1, 1, 3, 1, 1)) for planes in (fine, coarse)]
    assert value(settings, volumes, fine[:, :, None].repeat(1, 1, 3, 1, 1)) == pytest.approx(0, abs=1e-5)


def test_one_output_in_a_list_is_the_output_itself() -> None:
    logits = torch.randn(2, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    reference = (logits > 0).float()
    for settings in EVERY_LOSS:
        assert value(settings, [logits], reference) == value(settings, logits, reference)


def test_settings_that_define_no_loss_are_refused() -> None:
    with pytest.raises(ValueError, match=r"gamma -1 .* choose 0 or more"):
        DiceFocal(-1)
    with pytest.raises(ValueError, match=r"alpha 0 and beta 0 .* choose 0\.3 and 0\.7"):
        Tversky(0, 0)
