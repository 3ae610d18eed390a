"""What a site says of its test where no score of a single case leaves it: means over cases, and counts.

A mean that, next to the others, would tell of fewer cases than the site's policy asks for is left out. A count that is
below this minimum is stated as none, and one that leaves fewer as all.
"""

from typing import Annotated

from pydantic import Field

from backend.contracts.base import Contract
from backend.contracts.metrics import DistanceUnit, ScoreName
from backend.contracts.values import MAX_SCORES, MAX_SITES, AtMost, Count, FiniteFloat, PartName, Slug, StructureKey


class ScoreSummary(Contract):
    """One model by one metric over the site's test cases. Of counts, one that is below the site's minimum is stated as
    0, and one that leaves fewer as all."""

    model: PartName = Field(description="`global`, `personalized/<site slug>`, `mixture`, or `super`.")
    structure: StructureKey | None = Field(default=None, description="None: each case's mean over structures.")
    metric: ScoreName
    mean: FiniteFloat | None = Field(
        description="Null where no case has a value, or fewer than the site lets be stated."
    )
    num_cases: Count
    num_valued: Count = Field(description="Cases behind the mean.")
    num_missing: Count = Field(description="Cases with the structure in neither mask.")
    num_misses: Count = Field(description="Cases with the structure in one mask only, so that there is no value.")


class RoutingSummary(Contract):
    """What the model selector said of the site's test cases; stated only if no count is below the site's minimum."""

    num_global: Count = Field(description="Cases for which the super model used the global model.")
    chosen: Annotated[dict[Slug, Count], AtMost(MAX_SITES)] = Field(description="Most probable site to cases.")


class SiteSummary(Contract):
    """Of one site's test cases. Without scores where there are fewer cases than the site's policy asks for, or nearly
    those of an earlier test. Means that would tell of fewer cases next to the others are left out."""

    num_cases: Count
    distance_unit: DistanceUnit | None = None
    scores: Annotated[tuple[ScoreSummary, ...], AtMost(MAX_SCORES)] = ()
    routing: RoutingSummary | None = None
