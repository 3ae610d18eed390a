"""How the server makes one model of the sites' models."""

from typing import Annotated, Literal

from pydantic import Field

from backend.contracts.base import Contract, default_from


class MeanAggregation(Contract):
    """The weighted mean."""

    name: Literal["mean"] = "mean"


class MedianAggregation(Contract):
    """The coordinate-wise median (Yin et al., ICML 2018)."""

    name: Literal["median"] = "median"


class TrimmedMeanAggregation(Contract):
    """The coordinate-wise mean without the extreme values (Yin et al., ICML 2018)."""

    name: Literal["trimmed-mean"] = "trimmed-mean"
    trimmed: int = Field(
        default=1,
        ge=1,
        le=100,
        description="Values left out at each end: as many bad sites are tolerated.",
        json_schema_extra=default_from("the paper"),
    )


class KrumAggregation(Contract):
    """The models that lie nearest to the others (Blanchard et al., NeurIPS 2017)."""

    name: Literal["krum"] = "krum"
    byzantine: int = Field(
        default=1,
        ge=0,
        le=100,
        description="Bad sites to withstand, f; it needs 2 f + 3 sites.",
        json_schema_extra=default_from("the paper"),
    )
    selected: int = Field(
        default=1,
        ge=1,
        le=1000,
        description="Models that are averaged: 1 is Krum, more is multi-Krum.",
        json_schema_extra=default_from("the paper"),
    )


AggregationConfig = Annotated[
    MeanAggregation | MedianAggregation | TrimmedMeanAggregation | KrumAggregation, Field(discriminator="name")
]

#: The field `aggregation` of each method that averages.
AGGREGATION = Field(
    default=MeanAggregation(),
    description="How the server makes one model of the sites': the weighted mean, or a rule that resists bad updates.",
)
