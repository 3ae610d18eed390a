"""How far apart two sites' data are: distances from 0 to 1 between what the sites state, and nothing else."""

import math
from collections.abc import Iterable, Sequence
from itertools import accumulate

from backend.datasets.statistics.schemas import SiteDistance, SiteStatistics, Spread


def site_distance(first: SiteStatistics, second: SiteStatistics, dimensions: int) -> SiteDistance:
    parts = {
        "intensity": earth_movers(first.intensity_histogram, second.intensity_histogram),
        "spacing": _of_axes(first.spacing, second.spacing),
        "size": _of_axes(first.size, second.size),
        "structure_size": _of_structure_sizes(first, second, dimensions),
        "prevalence": _of_prevalence(first, second),
    }
    known = [distance for distance in parts.values() if distance is not None]
    overall = sum(known) / len(known) if known else None
    return SiteDistance(site=first.site_slug, other=second.site_slug, overall=overall, **parts)


def earth_movers(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Of two histograms over the same equal bins of 0 to 1, each with the sum 1: the sum of the differences of their
    cumulative shares, times a bin's width."""
    if not first or len(first) != len(second):
        return None
    differences = zip(accumulate(first), accumulate(second), strict=True)
    return min(1.0, sum(abs(a - b) for a, b in differences) / len(first))


def hellinger(first: Spread, second: Spread) -> float:
    """Of two normal distributions. Where neither spreads, 0 if they are equal, else 1."""
    variances = first.std**2 + second.std**2
    if variances == 0:
        return 0.0 if math.isclose(first.mean, second.mean) else 1.0
    overlap = math.sqrt(2 * first.std * second.std / variances)
    overlap *= math.exp(-((first.mean - second.mean) ** 2) / (4 * variances))
    return math.sqrt(max(0.0, 1 - overlap))


def _of_axes(first: list[Spread] | None, second: list[Spread] | None) -> float | None:
    if not first or not second or len(first) != len(second):
        return None
    return max(1 - min(a.mean, b.mean) / max(a.mean, b.mean) for a, b in zip(first, second, strict=True))


def _of_structure_sizes(first: SiteStatistics, second: SiteStatistics, dimensions: int) -> float | None:
    """Pixels of pictures depend on the camera, so that their share of the image is compared."""
    pairs = zip(first.structures, second.structures, strict=True)
    spreads = [(a.size, b.size) if dimensions == 3 else (a.share, b.share) for a, b in pairs]
    return _largest(hellinger(a, b) for a, b in spreads if a is not None and b is not None)


def _of_prevalence(first: SiteStatistics, second: SiteStatistics) -> float | None:
    pairs = zip(first.structures, second.structures, strict=True)
    known = [(a.prevalence, b.prevalence) for a, b in pairs]
    return _largest(abs(a - b) for a, b in known if a is not None and b is not None)


def _largest(distances: Iterable[float]) -> float | None:
    return max(distances, default=None)
