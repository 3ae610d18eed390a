"""What a site says of its cases without naming one: counts and sums, which several data sets' add up to.

The site's worker computes them, a split at a time, so that a split with too few cases can be left out of every number.
"""

from typing import Annotated, Self

from pydantic import Field

from backend.contracts.base import Contract
from backend.contracts.metrics import Split
from backend.contracts.values import (
    MAX_CASES,
    MAX_STRUCTURES,
    AtMost,
    Count,
    FiniteFloat,
    StructureKey,
    Within,
)

NUM_HISTOGRAM_BINS = 32


class Moments(Contract):
    """Of one quantity over cases: their number, sum and sum of squares."""

    count: Count = 0
    total: FiniteFloat = 0.0
    squares: FiniteFloat = 0.0

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

    num_cases: Annotated[int, Within(1, MAX_CASES)]
    spacing: Annotated[tuple[Moments, ...], AtMost(3)] = Field(
        default=(), description="mm of each axis, in array order, over the cases whose spacing is known."
    )
    size: Annotated[tuple[Moments, ...], AtMost(3)] = Field(
        default=(), description="Pixels or voxels of each axis, in array order."
    )
    intensity_histogram: Annotated[tuple[FiniteFloat, ...], AtMost(NUM_HISTOGRAM_BINS)] = Field(
        default=(),
        description="Sum over cases of each one's share of pixels in 32 equal bins of grey value: a case counts 1.",
    )
    structures: Annotated[dict[StructureKey, StructureMoments], AtMost(MAX_STRUCTURES)] = Field(
        default={}, description="By name."
    )


DatasetStatistics = Annotated[dict[Split, SplitStatistics], AtMost(3)]
