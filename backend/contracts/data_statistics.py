"""What a site says of its cases without naming one: counts and sums, which several data sets' add up to.

The site's worker computes them, a split at a time, so that a split with too few cases can be left out of every number.
"""

from typing import Self

from pydantic import Field

from backend.contracts.base import Contract
from backend.contracts.metrics import Split

NUM_HISTOGRAM_BINS = 32


class Moments(Contract):
    """Of one quantity over cases: their number, sum and sum of squares."""

    count: int = Field(default=0, ge=0)
    total: float = 0.0
    squares: float = 0.0

    @classmethod
    def of(cls, values: list[float]) -> Self:
        return cls(count=len(values), total=sum(values), squares=sum(value * value for value in values))

    def plus(self, other: "Moments") -> "Moments":
        return Moments(
            count=self.count + other.count, total=self.total + other.total, squares=self.squares + other.squares
        )


class StructureMoments(Contract):
    """Of the cases that have the structure; `size.count` is how many those are."""

    size: Moments = Field(default=Moments(), description="ml in a volume, pixels in a picture.")
    share: Moments = Field(default=Moments(), description="Share of the image.")


class SplitStatistics(Contract):
    """Over the used cases of one split of one data set."""

    num_cases: int = Field(ge=1)
    spacing: tuple[Moments, ...] = Field(
        default=(), description="mm of each axis, in array order, over the cases whose spacing is known."
    )
    size: tuple[Moments, ...] = Field(default=(), description="Pixels or voxels of each axis, in array order.")
    intensity_histogram: tuple[float, ...] = Field(
        default=(),
        description="Sum over cases of each one's share of pixels in 32 equal bins of grey value: a case counts 1.",
    )
    structures: dict[str, StructureMoments] = Field(default={}, description="By name.")


DatasetStatistics = dict[Split, SplitStatistics]
