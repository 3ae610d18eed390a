"""Which rounds the viewer's slider shows."""

import pytest

from backend.ledger.history_rounds import history_after_early_stop, history_rounds, thinned_rounds


@pytest.mark.parametrize(
    ("num_rounds", "best", "most", "wanted"),
    [
        (30, 22, 5, [1, 8, 15, 22, 30]),
        (30, 30, 3, [1, 15, 30]),
        (2, 1, 5, [1, 2]),
        (1, 1, 5, [1]),
        (30, 22, 0, []),
        (30, 22, 1, [22]),
        (30, 22, 2, [22, 30]),
        (4, 2, 4, [1, 2, 3, 4]),
    ],
)
def test_rounds_are_the_best_the_last_the_first_and_between(
    num_rounds: int, best: int, most: int, wanted: list[int]
) -> None:
    assert history_rounds(num_rounds, best, most) == wanted


@pytest.mark.parametrize("most", [3, 5, 10])
def test_rounds_of_a_run_that_may_stop_are_thinned_and_never_asked_for_again(most: int) -> None:
    """What is kept after a round was kept after every earlier one; there are always enough, and never many."""
    before: set[int] = set()
    for number in range(1, 300):
        now = set(thinned_rounds(number, most))
        assert now <= before | {number}
        assert min(number, most) <= len(now) <= 2 * most + 1
        before = now


@pytest.mark.parametrize(("num_rounds", "best", "wanted"), [(14, 9, [1, 4, 9, 10, 14]), (37, 20, [1, 8, 20, 28, 37])])
def test_after_an_early_stop_the_best_the_last_and_what_was_kept_are_shown(
    num_rounds: int, best: int, wanted: list[int]
) -> None:
    shown = history_after_early_stop(num_rounds, best, 5, thinned_rounds(num_rounds, 5))
    assert {best, num_rounds, 1} <= set(shown) <= {*thinned_rounds(num_rounds, 5), best, num_rounds}
    assert shown == wanted
