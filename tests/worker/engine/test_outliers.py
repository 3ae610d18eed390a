"""Updates out of the others' line."""

import pytest
import torch

from worker.engine.outliers import find_outliers

STATE = {"global": {"w": torch.zeros(4), "steps": torch.tensor(7)}}


def moved(by: float) -> dict[str, dict[str, torch.Tensor]]:
    return {"global": {"w": torch.full((4,), by), "steps": torch.tensor(10**9)}}


def test_an_update_a_million_times_as_long_is_found_with_what_is_usual() -> None:
    found = find_outliers(STATE, {"a": moved(0.1), "b": moved(0.2), "c": moved(1e6)})
    assert set(found) == {"c"}
    assert found["c"].norm == pytest.approx(2e6)
    assert found["c"].usual == pytest.approx(0.3)


def test_a_site_that_moves_ten_times_as_far_is_still_in_line() -> None:
    assert find_outliers(STATE, {"a": moved(0.1), "b": moved(0.1), "c": moved(1.0)}) == {}
    assert set(find_outliers(STATE, {"a": moved(0.1), "b": moved(0.1), "c": moved(1.1)})) == {"c"}


def test_two_bad_of_five_do_not_hide_each_other() -> None:
    updates = {"a": moved(0.1), "b": moved(0.1), "c": moved(0.1), "d": moved(100.0), "e": moved(100.0)}
    assert set(find_outliers(STATE, updates)) == {"d", "e"}


def test_of_two_updates_neither_is_out_of_line() -> None:
    assert find_outliers(STATE, {"a": moved(0.1), "b": moved(1e6)}) == {}


def test_sites_that_do_not_move_at_all_make_nobody_an_outlier() -> None:
    assert find_outliers(STATE, {"a": moved(0.0), "b": moved(0.0), "c": moved(1.0)}) == {}
