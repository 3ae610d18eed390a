"""Intervals over seeds and cases, and what a number of seeds allows one to say.

Every seed is tested on the same cases, so the two factors are crossed. A resample draws seeds and, apart from them,
cases, both with replacement, and takes each case's mean over the drawn seeds (the pigeonhole bootstrap: Owen, "The
pigeonhole bootstrap", Annals of Applied Statistics 2007). Cases drawn anew within each seed would count one case's
seeds as independent cases.
"""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from statistics import fmean, pstdev

from backend.evaluations.statistics import (
    BOOTSTRAP_SEED,
    CONFIDENCE,
    NUM_RESAMPLES,
    REMEMBERED,
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
    # Of many cases it is quickly found, and what it is found from would fill the memory.
    find = _known_interval if len(cases) <= RESAMPLED_UP_TO else _interval
    return find(tuple(seeds), tuple(tuple(sorted(case.items())) for case in cases))


def _interval(seeds: tuple[int, ...], by_case: tuple[tuple[tuple[int, float], ...], ...]) -> Interval:
    generator = random.Random(BOOTSTRAP_SEED)
    cases = [dict(values) for values in by_case]
    known: dict[tuple[int, ...], _Means] = {}
    means = []
    for index in range(NUM_RESAMPLES):
        drawn = tuple(sorted(generator.choices(seeds, k=len(seeds))))
        if drawn not in known:
            known[drawn] = _Means(_means_over(drawn, cases))
        if known[drawn].values:
            means.append(known[drawn].resampled(index, generator))
    means.sort()
    tail = (1 - CONFIDENCE) / 2
    return Interval(quantile(means, tail), quantile(means, 1 - tail))


_known_interval = lru_cache(maxsize=REMEMBERED // 8)(_interval)


def _means_over(drawn: Sequence[int], cases: Sequence[CaseValues]) -> list[float]:
    """Of each case that has a value of one of these seeds, a seed counted as often as it was drawn."""
    present = ([case[seed] for seed in drawn if seed in case] for case in cases)
    return [sum(values) / len(values) for values in present if values]


@dataclass(frozen=True)
class _Means:
    """The cases' means over drawn seeds. The same seeds are drawn often."""

    values: list[float]

    @cached_property
    def normal(self) -> tuple[float, float]:
        """Mean and standard error of what many cases' mean tends to."""
        return fmean(self.values), pstdev(self.values) / math.sqrt(len(self.values))

    def resampled(self, index: int, generator: random.Random) -> float:
        if len(self.values) == 1:
            return self.values[0]
        if len(self.values) > RESAMPLED_UP_TO:
            return generator.gauss(*self.normal)
        return sum(resamples(len(self.values))[index](self.values)) / len(self.values)


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
