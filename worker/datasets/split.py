"""Which case trains, validates and tests."""

import hashlib
from collections.abc import Sequence

from backend.contracts.metrics import Split
from backend.contracts.tasks import SplitFractions


def split_names(names: Sequence[str], fractions: SplitFractions, seed: int) -> dict[str, Split]:
    """Split by case, in an order drawn from the seed and the names alone; no generator's version matters.

    Each split gets at least one case where there are three or more; one case trains, a second one tests. Cases are
    not stratified, and two cases of one patient cannot be known by their files, so they may fall into two splits.

    Raises ValueError where train and val leave nothing for test.
    """
    if fractions.train + fractions.val >= 1:
        raise ValueError(
            f"fractions.train {fractions.train} + fractions.val {fractions.val} must be less than 1: "
            "lower one of them, the rest is test"
        )
    shuffled = sorted(names, key=lambda name: hashlib.sha256(f"{seed}:{name}".encode()).digest())
    num_train, num_val, _ = split_counts(len(shuffled), fractions)
    return {
        name: "train" if position < num_train else "val" if position < num_train + num_val else "test"
        for position, name in enumerate(shuffled)
    }


def split_counts(num_cases: int, fractions: SplitFractions) -> tuple[int, int, int]:
    """Cases of train, val and test: rounded, and at least one each where three or more are there."""
    if num_cases < 3:
        return (min(num_cases, 1), 0, max(num_cases - 1, 0))
    num_train = max(1, int(num_cases * fractions.train + 0.5))
    num_val = max(1, int(num_cases * fractions.val + 0.5))
    num_train = min(num_train, num_cases - 2)
    num_val = min(num_val, num_cases - num_train - 1)
    return (num_train, num_val, num_cases - num_train - num_val)
