"""The split rule."""

import hashlib

import pytest

from backend.contracts.tasks import SplitFractions
from worker.datasets.split import split_counts, split_names

NAMES = [f"case-{index}" for index in range(20)]


@pytest.mark.parametrize(
    ("num_cases", "expected"),
    [
        (0, (0, 0, 0)),
        (1, (1, 0, 0)),
        (2, (1, 0, 1)),
        (3, (1, 1, 1)),  # 1.8 -> 2, but one is left for each of the others
        (4, (2, 1, 1)),
        (10, (6, 2, 2)),  # 6, 1.5 -> 2
        (20, (12, 3, 5)),
        (60, (36, 9, 15)),
    ],
)
def test_counts_at_60_and_15_percent(num_cases: int, expected: tuple[int, int, int]) -> None:
    assert split_counts(num_cases, SplitFractions()) == expected


@pytest.mark.parametrize("fractions", [(0.98, 0.01), (0.01, 0.98), (0.01, 0.01), (0.5, 0.49)])
@pytest.mark.parametrize("num_cases", range(3, 40))
def test_three_cases_or_more_fill_every_split(num_cases: int, fractions: tuple[float, float]) -> None:
    counts = split_counts(num_cases, SplitFractions(train=fractions[0], val=fractions[1]))
    assert sum(counts) == num_cases
    assert min(counts) >= 1


def test_the_split_depends_on_seed_and_names_only() -> None:
    first = split_names(NAMES, SplitFractions(), 0)
    assert split_names(list(reversed(NAMES)), SplitFractions(), 0) == first
    assert split_names(NAMES, SplitFractions(), 1) != first
    by_hash = sorted(NAMES, key=lambda name: hashlib.sha256(f"0:{name}".encode()).hexdigest())
    assert {name for name in NAMES if first[name] == "val"} == set(by_hash[12:15]) == {"case-7", "case-9", "case-16"}


def test_fractions_that_leave_no_test_are_refused() -> None:
    with pytest.raises(ValueError, match=r"fractions\.train 0\.8 \+ fractions\.val 0\.2 must be less than 1"):
        split_names(NAMES, SplitFractions(train=0.8, val=0.2), 0)
