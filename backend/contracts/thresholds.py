"""The thresholds at which a super model is scored, and what validation says of them."""

from collections.abc import Iterable

from pydantic import Field

from backend.contracts.base import Contract
from backend.contracts.values import Count, Fraction

#: Closed-form selectors are often nearly certain: the thresholds are finer below 1.
GAMMAS = tuple(sorted({*(step / 100 for step in range(101)), 0.995, 0.999, 0.9999}))
#: Means that differ by less differ by rounding alone.
_ROUNDING = 1e-9


class ThresholdPoint(Contract):
    """The super model on a site's validation cases, were its threshold gamma."""

    gamma: Fraction
    dice: Fraction = Field(description="Mean over structures and over the cases that have a value.")
    num_cases: Count


def best_threshold(points: Iterable[ThresholdPoint], ran: float) -> float | None:
    """The threshold with the largest mean over all sites' cases; None without a point.

    points: of any sites. ran: the threshold that the run had; of equally good ones the nearest to it is taken.
    """
    sums: dict[float, float] = {}
    counts: dict[float, int] = {}
    for point in points:
        sums[point.gamma] = sums.get(point.gamma, 0.0) + point.dice * point.num_cases
        counts[point.gamma] = counts.get(point.gamma, 0) + point.num_cases
    means = {gamma: sums[gamma] / counts[gamma] for gamma in sums if counts[gamma]}
    if not means:
        return None
    best = max(means.values()) - _ROUNDING
    return min((gamma for gamma, mean in means.items() if mean >= best), key=lambda gamma: (abs(gamma - ran), gamma))
