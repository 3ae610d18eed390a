"""The one writer of how a score, a difference and an interval are printed: pages, files, cards and the command line.

A browser that computes a difference itself rounds by the same rule (frontend/src/lib/metrics.ts): to the nearest
number, and of two equally near ones to the even one.
"""

from backend.contracts.metrics import SCORES, ScoreName

NO_VALUE = "\u2013"


def digits_of(metric: ScoreName) -> int:
    """Distances with two digits after the point, everything else with three."""
    return 2 if SCORES[metric].quantity == "distance" else 3


def printed(value: float | None, metric: ScoreName, no_value: str = NO_VALUE) -> str:
    """A mean or deviation as every table prints it; no_value for none."""
    return no_value if value is None else f"{value:.{digits_of(metric)}f}"


def signed(difference: float | None, metric: ScoreName, no_value: str = NO_VALUE) -> str:
    """A difference with its sign; what rounds to nothing has none. no_value for none."""
    if difference is None:
        return no_value
    text = f"{difference:+.{digits_of(metric)}f}"
    return text.replace("-", "\N{MINUS SIGN}") if float(text) else text[1:]


def signed_interval(low: float | None, high: float | None, metric: ScoreName) -> str | None:
    """`[+0.064, +0.102]`; None where there is no interval."""
    return None if low is None or high is None else f"[{signed(low, metric)}, {signed(high, metric)}]"
