"""Dice by hand, the missing rules, and the means of a round."""

import numpy as np
import pytest

from worker.engine.metrics import case_dice, dice, dice_metrics, mean_over_structures


def mask(*pixels: int) -> np.ndarray:
    return np.array([pixels], dtype=bool)


def test_dice() -> None:
    """A = {0, 1, 2}, B = {1, 2, 3}: 2 * 2 / (3 + 3) = 2/3."""
    assert dice(mask(1, 1, 1, 0), mask(0, 1, 1, 1)) == pytest.approx(2 / 3)


def test_dice_of_equal_and_of_disjoint_masks() -> None:
    assert dice(mask(1, 0), mask(1, 0)) == 1
    assert dice(mask(1, 0), mask(0, 1)) == 0


def test_a_structure_in_neither_mask_is_missing_and_in_one_only_scores_0() -> None:
    assert dice(mask(0, 0), mask(0, 0)) is None
    assert dice(mask(0, 0), mask(0, 1)) == 0
    assert dice(mask(1, 0), mask(0, 0)) == 0


def test_the_mean_over_structures_leaves_missing_ones_out() -> None:
    assert mean_over_structures({"disc": 0.5, "cup": None}) == 0.5
    assert mean_over_structures({"disc": None, "cup": None}) is None


def test_case_dice_pairs_planes_with_names() -> None:
    prediction, reference = np.stack([mask(1, 1), mask(0, 0)]), np.stack([mask(1, 0), mask(0, 0)])
    assert case_dice(("disc", "cup"), prediction, reference) == {"disc": pytest.approx(2 / 3), "cup": None}


def test_the_means_of_a_round_count_the_cases_behind_them() -> None:
    """disc: (0.5 + 1) / 2 = 0.75 of 2; cup: 0.3 of 1; mean over structures: ((0.5 + 0.3) / 2 + 1) / 2 = 0.7 of 2."""
    metrics = dice_metrics(3, "global", ("disc", "cup"), [{"disc": 0.5, "cup": 0.3}, {"disc": 1.0, "cup": None}])
    found = {m.structure: (m.value, m.num_cases) for m in metrics}
    assert found == {None: (pytest.approx(0.7), 2), "disc": (0.75, 2), "cup": (0.3, 1)}
    assert {(m.round, m.model, m.split, m.name) for m in metrics} == {(3, "global", "val", "dice")}
