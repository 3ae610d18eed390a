"""Whether a run was still getting better when its training ended: one stated rule."""

from collections.abc import Mapping
from itertools import islice
from statistics import fmean, variance

#: The share of the rounds that is compared with as many before it, and the fewest rounds that are a mean.
SHARE = 5
MIN_ROUNDS = 2
#: Validation Dice: a smaller gain changes no table.
MIN_GAIN = 0.005


def still_rising(means: Mapping[int, float]) -> float | None:
    """The gain of the last fifth of the rounds, at least two, over the fifth before; None where the run does not rise.

    means: round to validation Dice, of the same sites in all. It rises where the mean of the last rounds is higher by
    more than MIN_GAIN and by more than the standard error of the difference, so that a curve which only jumps about
    does not rise.
    """
    width = max(MIN_ROUNDS, len(means) // SHARE)
    values = [means[number] for number in sorted(means)]
    if len(values) < 2 * width:
        return None
    last, before = values[-width:], list(islice(values, len(values) - 2 * width, len(values) - width))
    gain = fmean(last) - fmean(before)
    error = ((variance(last) + variance(before)) / width) ** 0.5
    return gain if gain > max(MIN_GAIN, error) else None
