"""Intervals over seeds and cases, and what a number of seeds allows one to say.

Every seed is tested on the same cases, so the two factors are crossed. A resample draws seeds and, apart from them,
cases, both with replacement, and takes each case's mean over the drawn seeds (the pigeonhole bootstrap: Owen, "The
pigeonhole bootstrap", Annals of Applied Statistics 2007). Cases drawn anew within each seed would count one case's
seeds as independent cases.
"""

import math
import random
from collections.abc import Mapping, Sequence
from statistics import fmean, pstdev

from backend.evaluations.statistics import (
    BOOTSTRAP_SEED,
    CONFIDENCE,
    NUM_RESAMPLES,
    RESAMPLED_UP_TO,
    Interval,
    bootstrap_mean,
    quantile,
    resamples,
)

#: Seed to a value of one case.
CaseValues = Mapping[int, float]


def interval_over_seeds_and_cases(cases: Sequence[CaseValues]) -> Interval | None:
    """Percentile interval of the mean over cases of their means over seeds; None for fewer than two cases.

    With one seed it is `bootstrap_mean` of the cases. A case without a value of any drawn seed is left out of that
    resample. Of more than RESAMPLED_UP_TO cases the mean over drawn cases is drawn from the normal distribution that it
    tends to.
    """
    seeds = sorted({seed for case in cases for seed in case})
    if len(cases) < 2 or not seeds:
        return None
    if len(seeds) == 1:
        return bootstrap_mean([case[seeds[0]] for case in cases])
    generator = random.Random(BOOTSTRAP_SEED)
    known: dict[tuple[int, ...], list[float]] = {}
    means = []
    for index in range(NUM_RESAMPLES):
        drawn = tuple(sorted(generator.choices(seeds, k=len(seeds))))
        if drawn not in known:
            known[drawn] = _means_over(drawn, cases)
        if values := known[drawn]:
            means.append(_resampled_mean(values, index, generator))
    means.sort()
    tail = (1 - CONFIDENCE) / 2
    return Interval(quantile(means, tail), quantile(means, 1 - tail))


def _means_over(drawn: Sequence[int], cases: Sequence[CaseValues]) -> list[float]:
    """Of each case that has a value of one of these seeds, a seed counted as often as it was drawn."""
    present = ([case[seed] for seed in drawn if seed in case] for case in cases)
    return [sum(values) / len(values) for values in present if values]


def _resampled_mean(values: Sequence[float], index: int, generator: random.Random) -> float:
    if len(values) == 1:
        return values[0]
    if len(values) > RESAMPLED_UP_TO:
        return generator.gauss(fmean(values), pstdev(values) / math.sqrt(len(values)))
    return sum(resamples(len(values))[index](values)) / len(values)


def words_of_seeds(num_seeds: int) -> str:
    """What intervals of this number of seeds say, in one or two sentences.

    Of S seeds drawn with replacement the mean varies by sqrt((S - 1) / S) of what S new seeds' would.
    """
    if num_seeds < 2:
        return (
            "One seed: intervals are over test cases alone and say nothing of how another training would come out. "
            "Give the experiment three or more seeds before calling a small difference real."
        )
    narrow = 1 - math.sqrt((num_seeds - 1) / num_seeds)
    limit = " So few tell a large difference from chance, not a small one." if num_seeds < 5 else ""
    return (
        f"{num_seeds} seeds: intervals are over seeds and test cases, and understate what seeds vary by about "
        f"{narrow:.0%}.{limit}"
    )
