"""The thresholds at which a super model is scored, and which of them validation chooses."""

from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import Field

from backend.contracts.base import Contract
from backend.contracts.values import Count, Fraction

#: The thresholds that validation chooses among: 0 is always a personalized model, 1 always the global one.
CHOICES = tuple(step / 100 for step in range(101))
#: Closed-form selectors are often nearly certain: the thresholds are finer below 1.
GAMMAS = tuple(sorted({*CHOICES, 0.995, 0.999, 0.9999}))
#: Scores that differ by less differ by rounding alone, because the order of a sum may not decide.
_ROUNDING = 1e-9


#: Which threshold a finished super model predicts with.
ThresholdChoice = Literal["run", "validation"]
THRESHOLD_CHOICE = (
    "Of the super model. run: the run's own; validation: the one that is best on the validation cases of all sites "
    "that train, of a run with hard routing."
)


class ThresholdPoint(Contract):
    """The super model on a site's validation cases, were its threshold gamma."""

    gamma: Fraction
    dice: Fraction = Field(description="Mean over structures and over the cases that have a value.")
    num_cases: Count


def best_threshold(scores: Mapping[float, float]) -> float:
    """The threshold with the largest score; of several, the middle of the longest run of neighbours.

    scores: by threshold, ascending; at least one. Few cases leave whole ranges of thresholds equal; the middle is the
    farthest from where another case would change its model. Of two runs of one length the first is taken, and of two
    middles the lower.
    """
    largest = max(scores.values())
    longest: list[float] = []
    run: list[float] = []
    for gamma, score in scores.items():
        run = [*run, gamma] if score >= largest - _ROUNDING else []
        longest = max(longest, run, key=len)
    return longest[(len(longest) - 1) // 2]


def best_of_points(points: Iterable[ThresholdPoint]) -> float | None:
    """The threshold of `CHOICES` with the best mean over all cases of the points' sites; None without a point."""
    choices = set(CHOICES)
    means = {point.gamma: point.dice for point in pooled_points(points) if point.gamma in choices}
    return best_threshold(means) if means else None


def pooled_points(points: Iterable[ThresholdPoint]) -> list[ThresholdPoint]:
    """One point a threshold, ascending: the mean over all cases of the points' sites."""
    sums: dict[float, float] = {}
    counts: dict[float, int] = {}
    for point in points:
        sums[point.gamma] = sums.get(point.gamma, 0.0) + point.dice * point.num_cases
        counts[point.gamma] = counts.get(point.gamma, 0) + point.num_cases
    return [
        ThresholdPoint(gamma=gamma, dice=min(sums[gamma] / counts[gamma], 1.0), num_cases=counts[gamma])
        for gamma in sorted(sums)
        if counts[gamma]
    ]
