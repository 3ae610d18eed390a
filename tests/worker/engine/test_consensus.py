"""Label fusion and the consensus of local models: by hand, and beside local-only."""

import numpy as np
import pytest

from tests.worker.engine.method_runs import DATA, adam_plan, hashes, states_of
from worker.engine.evaluation import evaluate
from worker.engine.federation import run_rounds
from worker.engine.fusion import Fusion, majority, staple
from worker.engine.state import personalized
from worker.engine.strategies.consensus import Consensus
from worker.engine.strategies.local_only import LocalOnly
from worker.engine.super_model import MIXTURE, predict_cases


def masks(*rows: str) -> list[np.ndarray]:
    """One structure [1, 1, W] a row, of 0 and 1."""
    return [np.array([[[cell == "1" for cell in row]]]) for row in rows]


def text(mask: np.ndarray) -> str:
    return "".join("01"[int(cell)] for cell in mask.ravel())


def test_a_majority_is_more_than_half() -> None:
    assert text(majority(masks("1100", "1010", "1001"))) == "1000"
    assert text(majority(masks("1100", "1010"))) == "1000"  # a tie is background


def test_staple_follows_the_two_that_agree_and_not_the_one_that_does_not() -> None:
    """Two models agree on a block; the third is nearly its opposite. Votes say the same here, with no doubt left."""
    block, other = "0" * 20 + "1" * 20 + "0" * 20, "1" * 18 + "0" * 22 + "1" * 20
    assert text(staple(masks(block, block, other))) == block


def test_staple_weighs_what_a_majority_counts() -> None:
    """Four models: two good ones that agree, two that fill half the image at random. Where both bad ones miss a pixel,
    votes tie and give background; STAPLE takes the good ones' word."""
    draws = np.random.default_rng(0)
    truth = np.zeros((1, 1, 400), dtype=bool)
    truth[..., 100:200] = True
    noisy = [draws.uniform(size=truth.shape) < 0.5 for _ in range(2)]
    fused = staple([truth, truth, *noisy])
    assert np.array_equal(fused, truth)
    assert not np.array_equal(majority([truth, truth, *noisy]), truth)


def test_equal_and_empty_masks_are_their_own_fusion() -> None:
    same = masks("0110", "0110")
    assert text(staple(same)) == "0110"
    assert text(staple(masks("0000", "0000"))) == "0000"
    stacked = [np.concatenate(masks("0110", "0000")), np.concatenate(masks("0110", "0000"))]
    assert staple(stacked).shape == (2, 1, 4)


@pytest.mark.parametrize("fusion", ["mean", "majority", "staple"])
def test_the_models_are_local_onlys_and_the_consensus_is_their_fusion(fusion: Fusion) -> None:
    plan, strategy = adam_plan(), Consensus(fusion)
    records = list(run_rounds(strategy, DATA, plan))
    state = records[-1].state
    assert hashes(state) == hashes(states_of(LocalOnly(0.0), plan)[-1])
    cases = list(evaluate(strategy, state.keys(), state.__getitem__, (DATA["a"],), plan))
    models = [personalized(site) for site in plan.sites]
    for case, found in zip(DATA["a"].test, cases, strict=True):
        assert found.route is not None
        assert found.route.chosen_model == MIXTURE
        assert found.route.probabilities == {}
        alone = [found.masks[model] for model in models]
        if fusion == "mean":
            shares = [dict.fromkeys(models, 1 / 3)]
            (expected,) = predict_cases(state.__getitem__, (case,), [[]], plan, shares)
            assert np.array_equal(found.masks[MIXTURE], expected[MIXTURE])
        else:
            fuse = majority if fusion == "majority" else staple
            assert np.array_equal(found.masks[MIXTURE], fuse(alone))
    scores = {(m.model, m.name) for m in records[-1].metrics["a"] if m.split == "val"}
    assert scores == {("personalized", "dice"), ("super", "dice")}


def test_a_case_outside_the_federation_needs_no_site() -> None:
    plan = adam_plan(sites=("a", "b"))
    strategy = Consensus("mean")
    state = states_of(strategy, plan)[-1]
    (route,) = strategy.routes(state.__getitem__, DATA["c"].test[:1], plan)
    assert route.shares == {personalized("a"): 0.5, personalized("b"): 0.5}
