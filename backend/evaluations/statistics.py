"""Paired tests and intervals, with the standard library alone: the backend has no numpy.

The unit is the test case. Scores of a case are averaged over seeds first, for seeds of one case are not independent
cases. Checked against scipy.stats in tests/backend/test_statistics.py.
"""

import math
import random
import sys
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from statistics import NormalDist, fmean
from typing import Literal

#: Up to this many pairs the distribution is counted out; beyond, the normal approximation is good to three digits.
EXACT_UP_TO = 50
COUNT_BITS = 64
#: Resamples of a bootstrap interval: the ends of a 95 % interval then vary by about 1.5 % of its width.
NUM_RESAMPLES = 2000
CONFIDENCE = 0.95
#: Of an adjusted p: below it a difference is marked everywhere.
SIGNIFICANT = 0.05
BOOTSTRAP_SEED = 0
#: Of more cases the interval is worked out, not drawn: both agree to less than draws vary.
RESAMPLED_UP_TO = 500
#: Intervals that are kept: a page asks for the same ones in its verdict, its table and its exports, and again when it
#: is opened again.
REMEMBERED = 512
#: Digits beyond are what arithmetic left: differences that agree in these are tied, or zero.
DIGITS = 12


#: Takes a sample from a sequence.
Resample = Callable[[Sequence[float]], tuple[float, ...]]


@dataclass(frozen=True)
class WilcoxonTest:
    """`num_pairs` and, of them, `num_zero` without a difference. `method`: how p was found."""

    p: float
    num_pairs: int
    num_zero: int
    method: Literal["exact", "normal"]


@dataclass(frozen=True)
class Interval:
    """A percentile bootstrap interval at CONFIDENCE."""

    low: float
    high: float


def wilcoxon(differences: Sequence[float]) -> WilcoxonTest | None:
    """Two-sided signed-rank test that the paired differences are symmetric about 0; None without any pair.

    Zeros are ranked and then left out (Pratt 1959), ties get mid-ranks. Up to EXACT_UP_TO pairs p is exact given the
    ranks, also with ties: every assignment of signs is counted. Beyond, the normal approximation with the variance of
    the tied ranks, without a continuity correction.
    """
    values = [round(difference, DIGITS) for difference in differences]
    if not values:
        return None
    ranks = doubled_ranks([abs(value) for value in values])
    signed = [(rank, value > 0) for rank, value in zip(ranks, values, strict=True) if value != 0]
    num_zero = len(values) - len(signed)
    exact = len(values) <= EXACT_UP_TO
    method: Literal["exact", "normal"] = "exact" if exact else "normal"
    if not signed:
        return WilcoxonTest(1.0, len(values), num_zero, method)
    positive = sum(rank for rank, is_positive in signed if is_positive)
    nonzero = [rank for rank, _ in signed]
    p = _exact_p(nonzero, positive) if exact else _normal_p(nonzero, positive)
    return WilcoxonTest(p, len(values), num_zero, method)


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down adjustment over the family of those that are not None; in the given order."""
    order = sorted((p, index) for index, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for position, (p, index) in enumerate(order):
        highest = max(highest, min(1.0, p * (len(order) - position)))
        adjusted[index] = highest
    return adjusted


def bootstrap_mean(values: Sequence[float]) -> Interval | None:
    """Percentile interval of the mean over cases, which are drawn with replacement; None for fewer than two.

    Of paired differences it is the interval of the mean difference. Seeded: equal values, equal interval. Of more than
    RESAMPLED_UP_TO cases the ends are those of `expanded_interval`.
    """
    if len(values) < 2:
        return None
    if len(values) > RESAMPLED_UP_TO:
        return expanded_interval(values)
    return _resampled_interval(tuple(values))


@lru_cache(maxsize=REMEMBERED)
def _resampled_interval(values: tuple[float, ...]) -> Interval:
    size = len(values)
    sums = sorted(map(sum, (resample(values) for resample in resamples(size))))
    tail = (1 - CONFIDENCE) / 2
    return Interval(quantile(sums, tail) / size, quantile(sums, 1 - tail) / size)


def expanded_interval(values: Sequence[float]) -> Interval:
    """What the percentile interval of the mean tends to with ever more resamples, of many values.

    The quantiles of a resampled mean by its Cornish-Fisher expansion with the values' skewness (Hall, The Bootstrap
    and Edgeworth Expansion, 1992, section 2.5): what is left out is of the order of 1/size of the width, less than
    2,000 resamples vary.
    """
    size, mean = len(values), fmean(values)
    deviations = [value - mean for value in values]
    variance = fmean(deviation * deviation for deviation in deviations)
    if variance == 0:
        return Interval(mean, mean)
    error = math.sqrt(variance / size)
    skewness = fmean(deviation**3 for deviation in deviations) / variance**1.5
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    middle = mean + error * skewness * (z * z - 1) / (6 * math.sqrt(size))
    return Interval(middle - error * z, middle + error * z)


@lru_cache(maxsize=16)
def resamples(size: int) -> tuple[Resample, ...]:
    """Each takes a sample of `size`, at least 2, from a sequence of that length. A comparison asks for them often."""
    generator = random.Random(BOOTSTRAP_SEED)
    return tuple(itemgetter(*generator.choices(range(size), k=size)) for _ in range(NUM_RESAMPLES))


def quantile(ordered: Sequence[float], share: float) -> float:
    """Linear interpolation between the neighbours, as numpy's default. ordered: ascending, not empty."""
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def doubled_ranks(values: Sequence[float]) -> list[int]:
    """Twice the mid-ranks, which are whole numbers, in the given order."""
    ranks = [0] * len(values)
    start = 1
    for _, group in groupby(sorted(range(len(values)), key=lambda index: values[index]), key=lambda i: values[i]):
        tied = list(group)
        for index in tied:
            ranks[index] = 2 * start + len(tied) - 1
        start += len(tied)
    return ranks


def _exact_p(ranks: Sequence[int], positive: int) -> float:
    """How many of the 2^n sign assignments have a sum of positive ranks as far out as the one found.

    The number of those with sum t is the coefficient of x^t in the product of (1 + x^rank), here one long integer with
    a digit of COUNT_BITS bits for each t: a coefficient is at most 2^EXACT_UP_TO.
    """
    counts = 1
    for rank in ranks:
        counts += counts << (COUNT_BITS * rank)
    digits = array("Q", counts.to_bytes((sum(ranks) + 1) * COUNT_BITS // 8, sys.byteorder))
    if sys.byteorder == "big":
        digits.reverse()
    near, far = sum(digits[: positive + 1]), sum(digits[positive:])
    num_assignments: int = 2 ** len(ranks)
    return min(1.0, 2 * min(near, far) / num_assignments)


def _normal_p(ranks: Sequence[int], positive: int) -> float:
    """Mean and variance of a sum in which every (doubled) rank takes part with probability 1/2."""
    deviation = positive - sum(ranks) / 2
    z = deviation / math.sqrt(sum(rank**2 for rank in ranks) / 4)
    return math.erfc(abs(z) / math.sqrt(2))
