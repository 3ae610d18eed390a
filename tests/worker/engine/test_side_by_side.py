"""Two threads of a server step: they work at once, and change no bit."""

import threading

import pytest
import torch

from worker.engine import side_by_side as threads
from worker.engine import sums
from worker.engine.aggregation import soft_pull, weighted_average
from worker.engine.side_by_side import WORTHWHILE_BYTES, largest_first, side_by_side
from worker.engine.state import Tensors

LARGE = 2 * WORTHWHILE_BYTES


def made(seed: int) -> Tensors:
    """Tensors of several pieces, of part of one, and of one number."""
    draws = torch.Generator().manual_seed(seed)
    sizes = {"a": 7, "b": 3 * 2**17 + 41, "c": 2**16 + 1}
    return {key: torch.randn(size, generator=draws) for key, size in sizes.items()} | {"n": torch.tensor(seed)}


def test_two_items_are_worked_on_at_once() -> None:
    both = threading.Barrier(2, timeout=20)
    assert sorted(side_by_side(lambda _: both.wait(), ["a", "b"], LARGE)) == [0, 1]


def test_results_stand_in_the_order_of_the_items() -> None:
    first_may_end = threading.Event()

    def work(number: int) -> int:
        if number == 0:
            assert first_may_end.wait(20)
        else:
            first_may_end.set()
        return 10 * number

    assert side_by_side(work, [0, 1, 2], 3 * WORTHWHILE_BYTES) == [0, 10, 20]


def test_little_work_stays_in_the_thread_that_asks() -> None:
    names = side_by_side(lambda _: threading.current_thread().name, ["a", "b"], LARGE - 1)
    assert set(names) == {threading.current_thread().name}


def test_the_first_error_is_raised() -> None:
    def work(number: int) -> None:
        raise ValueError(f"item {number}")

    with pytest.raises(ValueError, match="item 0"):
        side_by_side(work, [0, 1], LARGE)


def test_the_largest_tensor_comes_first() -> None:
    assert largest_first(made(0)) == ["b", "c", "a", "n"]


@pytest.mark.parametrize("num_models", [2, 3, 5])
def test_threads_and_pieces_change_no_bit(num_models: int, monkeypatch: pytest.MonkeyPatch) -> None:
    models = [made(seed) for seed in range(num_models)]
    weights = [1.0 + seed for seed in range(num_models)]
    monkeypatch.setattr(threads, "WORTHWHILE_BYTES", 2**40)
    monkeypatch.setattr(sums, "PIECE", 2**16)
    monkeypatch.setattr(sums, "BLOCK", 2**17)
    alone = [weighted_average(models, weights), *soft_pull(models, 0.7)]
    monkeypatch.undo()
    monkeypatch.setattr(threads, "WORTHWHILE_BYTES", 0)
    together = [weighted_average(models, weights), *soft_pull(models, 0.7)]
    for one, other in zip(alone, together, strict=True):
        assert list(one) == list(other)
        assert all(torch.equal(one[key], other[key]) for key in one)
