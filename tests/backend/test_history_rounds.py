"""Which rounds the viewer's slider shows."""

import pytest

from backend.rounds.history_rounds import history_rounds


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
