"""Cases in which nothing is there: they train, and they are tested by what a model invents."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.worker.engine.small_sites import ADAM, RESIZE, STRUCTURES, UNIT, small_plan
from worker.engine.data import Case, SiteData
from worker.engine.evaluation import evaluate
from worker.engine.federation import run_rounds
from worker.engine.losses import Dice, DiceBce, DiceFocal, LossSettings, Tversky, segmentation_loss
from worker.engine.metrics import dice_metrics, mask_scores
from worker.engine.robust_aggregation import Mean
from worker.engine.sampling import Sampling, network_input, training_items
from worker.engine.strategies.fedavg import FedAvg
from worker.engine.transforms import make_case

PATCHES = replace(RESIZE, mode="patches", size=16, patches_per_case=2, foreground_share=1.0)
QUICK = replace(ADAM, learning_rate=1e-2)


def healthy(name: str, sampling: Sampling = RESIZE) -> Case:
    pixels = np.random.default_rng(len(name)).integers(0, 200, size=(40, 36, 3)).astype(np.uint8)
    return make_case(name, name, pixels, np.zeros((2, 40, 36), dtype=bool), None, sampling, UNIT, 2)


def site(sampling: Sampling = RESIZE) -> SiteData:
    cases = tuple(healthy("h" * number, sampling) for number in range(1, 7))
    return SiteData("a", cases[:4], cases[4:5], cases[5:])


@pytest.mark.parametrize(
    ("loss", "learns"),
    [(Dice(), False), (Tversky(0.3, 0.7), False), (DiceBce(), True), (DiceFocal(2.0), True)],
)
def test_which_losses_learn_that_nothing_is_there(loss: LossSettings, learns: bool) -> None:
    """Overlap alone has no slope at an empty reference; cross-entropy has one at every pixel."""
    logits = torch.zeros(1, 2, 32, 32, requires_grad=True)
    segmentation_loss(loss)(logits, torch.zeros(1, 2, 32, 32)).backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()
    assert (float(logits.grad.sum()) > 1e-3) is learns


def test_patches_around_structures_lie_anywhere_where_there_is_none() -> None:
    item, other = training_items([healthy("h", PATCHES)], PATCHES, 2)
    draws = torch.Generator().manual_seed(0)
    first, reference = network_input(item, PATCHES, 2, draws)
    second, _ = network_input(other, PATCHES, 2, draws)
    assert first.shape == (3, 16, 16)
    assert not reference.any()
    assert not torch.equal(first, second)


@pytest.mark.parametrize("sampling", [RESIZE, PATCHES])
def test_a_site_of_healthy_cases_trains_and_is_tested(sampling: Sampling) -> None:
    """After some rounds of DiceBce nothing is invented any more: no score, and no number that is not one."""
    plan = small_plan(("a",), sampling=sampling, loss=DiceBce(), rounds=6, batch_size=1, optimizer=QUICK)
    data = {"a": site(sampling)}
    strategy = FedAvg(Mean())
    rounds = list(run_rounds(strategy, data, plan))
    losses = [metric.value for last in rounds[1:] for metric in last.metrics["a"] if metric.name == "loss"]
    assert np.isfinite(losses).all()
    state = rounds[-1].state
    assert all(torch.isfinite(weights).all() for part in state.values() for weights in part.values())
    (tested,) = evaluate(strategy, state.keys(), lambda name: state[name], (data["a"],), plan)
    assert tested.dice["global"] == {"disc": None, "cup": None}


def test_what_is_invented_scores_nothing_and_what_is_not_has_no_score() -> None:
    empty, drawn = np.zeros((8, 8), dtype=bool), np.eye(8, dtype=bool)
    assert set(mask_scores(empty, empty, None, 2.0).values()) == {None}
    invented = mask_scores(drawn, empty, None, 2.0)
    assert (invented["dice"], invented["iou"], invented["nsd"], invented["precision"]) == (0, 0, 0, 0)
    assert (invented["hd95"], invented["sensitivity"], invented["volume_difference"]) == (None, None, None)


def test_validation_counts_what_is_invented_alone() -> None:
    """Of three healthy cases one is drawn into: its 0 is the mean, over one case; where none is, there is no mean."""
    nothing, invented = dict.fromkeys(STRUCTURES, None), {"disc": 0.0, "cup": None}
    means = dice_metrics(1, "global", STRUCTURES, [nothing, invented, nothing])
    assert [(metric.structure, metric.value, metric.num_cases) for metric in means] == [
        (None, 0.0, 1),
        ("disc", 0.0, 1),
    ]
    assert dice_metrics(1, "global", STRUCTURES, [nothing, nothing]) == ()
