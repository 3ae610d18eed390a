"""Names and shapes of everything measured."""

from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from backend.contracts.base import Contract
from backend.contracts.values import (
    MOST_BYTES,
    MOST_FLOAT,
    MOST_SECONDS,
    MOST_SITES,
    AtMost,
    Count,
    FiniteFloat,
    Fraction,
    Id,
    NotNegative,
    PartName,
    RoundNumber,
    Share,
    Slug,
    StructureKey,
    reading_stored,
)

Split = Literal["train", "val", "test"]
#: `personalized` is the model of the site that reports; `super` the super model; `selector` the model selector.
ModelKind = Literal["global", "personalized", "super", "selector"]
MetricName = Literal["loss", "dice", "accuracy", "share_global", "seconds", "bytes_up", "bytes_down"]
#: Of a metric's value; a share may be a little above 1 by rounding.
_BOUNDS: dict[MetricName, tuple[float, float]] = {
    "dice": (0, 1.00001),
    "accuracy": (0, 1.00001),
    "share_global": (0, 1.00001),
    "seconds": (0, MOST_SECONDS),
    "bytes_up": (0, MOST_BYTES),
    "bytes_down": (0, MOST_BYTES),
}
#: What a test case is scored by: see `CaseScore`.
ScoreName = Literal["dice", "iou", "hd95", "nsd", "assd", "volume_difference", "sensitivity", "precision"]
SCORE_NAMES: tuple[ScoreName, ...] = get_args(ScoreName)
#: What a person reads.
METRIC_WORDS: dict[ScoreName, str] = {
    "dice": "Dice",
    "iou": "IoU",
    "hd95": "HD95",
    "nsd": "NSD",
    "assd": "ASSD",
    "volume_difference": "relative volume difference",
    "sensitivity": "sensitivity",
    "precision": "precision",
}
LOWER_IS_BETTER: frozenset[ScoreName] = frozenset({"hd95", "assd", "volume_difference"})
#: Those in the unit of distances; the others have none.
DISTANCES: frozenset[ScoreName] = frozenset({"hd95", "assd"})
#: mm, or px where a case's spacing is not known.
DistanceUnit = Literal["mm", "px"]


class MetricPoint(Contract):
    """One measured number of a round. `round` is the round whose resulting state was measured."""

    round: RoundNumber
    model: ModelKind
    split: Split
    name: MetricName
    structure: StructureKey | None = Field(default=None, description="None: the mean over structures.")
    value: FiniteFloat
    num_cases: Count = Field(description="Cases behind the value: its weight in a mean over sites.")

    @model_validator(mode="after")
    def _value_is_one_of_its_kind(self) -> Self:
        """Shares are from 0 to 1, times and sizes are not negative; what is stored is read as it is."""
        low, high = _BOUNDS.get(self.name, (-MOST_FLOAT, MOST_FLOAT))
        if not (low <= self.value <= high or reading_stored()):
            raise ValueError(f"value {self.value} cannot be a {self.name}: give one from {low:g} to {high:g}")
        return self


class CaseScore(Contract):
    """One model on one case and structure, in the image's original space.

    Structure in neither mask: all None. In one mask only: dice, iou and nsd are 0; None is what has no meaning (hd95,
    assd; precision without a prediction; sensitivity and volume_difference without a reference), and counts as a miss.
    """

    case_id: Id
    model: PartName = Field(description="`global`, `personalized/<site slug>`, or `mixture`: soft routing's.")
    structure: StructureKey
    distance_unit: DistanceUnit = Field(description="That of hd95 and assd.")
    dice: Fraction | None
    iou: Fraction | None
    hd95: NotNegative | None = Field(description="The larger of both directed 95th percentiles of surface distances.")
    nsd: Fraction | None = Field(description="Normalized surface Dice at the experiment's evaluation.nsd_tolerance.")
    assd: NotNegative | None = Field(description="Average symmetric surface distance.")
    volume_difference: NotNegative | None = Field(
        description="| |prediction| - |reference| | / |reference|: no unit, 0 is best."
    )
    sensitivity: Fraction | None
    precision: Fraction | None


class CaseRouting(Contract):
    """What the model selector said of one case."""

    case_id: Id
    probabilities: Annotated[dict[Slug, Share], AtMost(MOST_SITES)] = Field(
        description="Site slug to probability, in site order."
    )
    chosen_model: PartName = Field(
        description="The super model's choice: `global`, `personalized/<site slug>`, or `mixture` under soft routing."
    )
