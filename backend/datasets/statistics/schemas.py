"""Response bodies of federated statistics."""

from typing import Annotated

from pydantic import BaseModel, Field

from backend.contracts.metrics import Split

Distance = Annotated[float, Field(ge=0, le=1)]


class StatedCount(BaseModel):
    """A number of cases, or the bound below which it may not be shown: shown as `12` or `<10`."""

    count: int | None = Field(description="None: withheld.")
    below: int | None = Field(description="Of a withheld count: it is 1 or more, and less than this. None: stated.")


class Spread(BaseModel):
    """Of one quantity over cases."""

    mean: float
    std: float = Field(description="Over the cases, with n as the divisor.")


class StructureStatistics(BaseModel):
    """Of the cases in the stated splits. Prevalence is `count / num_cases`."""

    structure: str
    num_present: int | None = Field(
        description="Cases that have the structure. None: withheld, for fewer cases than may be shown have it, or lack "
        "it; then the other fields are None, too."
    )
    prevalence: float | None = Field(ge=0, le=1)
    size: Spread | None = Field(description="Where present: ml in a volume, pixels in a picture. None: in no case.")
    share: Spread | None = Field(description="Share of the image, where present.")


class SiteStatistics(BaseModel):
    """All numbers but `splits` are over the cases of the splits whose count is stated, and of no other."""

    site_slug: str
    site_name: str
    minimum_count: int = Field(description="The site's policy: no count from 1 to this less one is stated.")
    num_datasets: int = Field(description="Ready data sets whose statistics are in here.")
    splits: dict[Split, StatedCount]
    num_cases: int = Field(description="Of the stated splits: no total from which a withheld count could be had.")
    note: str | None = Field(description="What is left out and why, in plain words. None: nothing.")
    spacing: list[Spread] | None = Field(description="mm of each axis in array order. None: unknown or withheld.")
    size: list[Spread] | None = Field(description="Pixels or voxels of each axis in array order.")
    intensity_histogram: list[float] = Field(
        description="Share in 32 equal bins of grey value, each case counting the same; empty where nothing is stated."
    )
    structures: list[StructureStatistics]


class SiteDistance(BaseModel):
    """How far apart two sites are, 0 (alike) to 1, by what both state. None: one of the two states nothing of it."""

    site: str
    other: str
    intensity: Distance | None = Field(
        description="Earth mover's distance of the intensity histograms: how far grey values move on average, as a "
        "share of their range."
    )
    spacing: Distance | None = Field(description="1 - smaller / larger mean spacing, of the axis that differs most.")
    size: Distance | None = Field(description="1 - smaller / larger mean image size, of the axis that differs most.")
    structure_size: Distance | None = Field(
        description="Hellinger distance of normal distributions with the sites' means and deviations of structure size "
        "(in volumes; of the share of the image in pictures), of the structure that differs most."
    )
    prevalence: Distance | None = Field(description="Difference of prevalence, of the structure that differs most.")
    overall: Distance | None = Field(description="Mean of those above that are known.")


class FederationStatistics(BaseModel):
    dimensions: int = Field(description="2: pictures; 3: volumes.")
    sites: list[SiteStatistics] = Field(description="In site order; each site that has a ready data set.")
    num_cases: dict[Split, int] = Field(description="Sum of the stated counts alone.")
    num_sites_withheld: dict[Split, int] = Field(description="Sites whose count of the split is withheld.")
    distances: list[SiteDistance] = Field(description="Each pair of sites once, in site order.")
    farthest: SiteDistance | None = Field(description="The pair with the largest overall distance.")
