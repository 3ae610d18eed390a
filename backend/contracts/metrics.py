"""Names and shapes of everything measured."""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from backend.contracts.base import Contract
from backend.contracts.refusals import refused
from backend.contracts.unlikeness import MayBeUnlike
from backend.contracts.values import (
    MAX_BYTES,
    MAX_COUNT,
    MAX_FLOAT,
    MAX_SECONDS,
    MAX_SITES,
    AtMost,
    Count,
    FiniteFloat,
    Id,
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
#: `steps` and `images` are what a round's training moved a model by: optimizer steps and the images in their batches.
MetricName = Literal[
    "loss", "dice", "accuracy", "share_global", "gamma", "seconds", "bytes_up", "bytes_down", "steps", "images"
]
#: Of a metric's value; a share may be a little above 1 by rounding.
_BOUNDS: dict[MetricName, tuple[float, float]] = {
    "dice": (0, 1.00001),
    "accuracy": (0, 1.00001),
    "share_global": (0, 1.00001),
    "gamma": (0, 1),
    "seconds": (0, MAX_SECONDS),
    "bytes_up": (0, MAX_BYTES),
    "bytes_down": (0, MAX_BYTES),
    "steps": (0, MAX_COUNT),
    "images": (0, MAX_COUNT),
}
#: What a test case is scored by. `SCORES` has a card of each; nothing else in the backend lists them.
ScoreName = Literal["dice", "iou", "hd95", "nsd", "assd", "volume_difference", "sensitivity", "precision"]


@dataclass(frozen=True)
class ScoreCard:
    """What is known of one score.

    label: as within a sentence.
    meaning: one sentence.
    quantity: a share is from 0 to 1, a ratio has no upper bound, a distance is in mm or px; all are at least 0.
    lower_is_better: whether smaller values are better.
    """

    label: str
    meaning: str
    quantity: Literal["share", "ratio", "distance"] = "share"
    lower_is_better: bool = False

    @property
    def maximum(self) -> float:
        """The largest value that the score may have."""
        return 1.0 if self.quantity == "share" else MAX_FLOAT


#: In the order in which papers report them.
SCORES: dict[ScoreName, ScoreCard] = {
    "dice": ScoreCard("Dice", "Overlap: twice the common part over the sum of both masks."),
    "iou": ScoreCard("IoU", "Overlap: the common part over the union of both masks."),
    "hd95": ScoreCard(
        "HD95",
        "The larger of both directed 95th percentiles of distances between the surfaces.",
        "distance",
        lower_is_better=True,
    ),
    "nsd": ScoreCard(
        "NSD", "Normalized surface Dice: the share of both surfaces that agree within the experiment's tolerance."
    ),
    "assd": ScoreCard("ASSD", "The mean distance between the surfaces, both ways.", "distance", lower_is_better=True),
    "volume_difference": ScoreCard(
        "relative volume difference",
        "The difference of the volumes over the reference's volume; 0 is best.",
        "ratio",
        lower_is_better=True,
    ),
    "sensitivity": ScoreCard("sensitivity", "The share of the reference that the prediction holds."),
    "precision": ScoreCard("precision", "The share of the prediction that the reference holds."),
}
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
        low, high = _BOUNDS.get(self.name, (-MAX_FLOAT, MAX_FLOAT))
        if not (low <= self.value <= high or reading_stored()):
            raise refused(
                f"value {self.value} cannot be a {self.name}",
                f"give one from {low:g} to {high:g}",
                field="value",
                value=self.value,
            )
        return self


class CaseScore(Contract):
    """One model on one case and structure, in the image's original space.

    Structure in neither mask: all None. In one mask only: dice, iou and nsd are 0; None is what has no meaning (hd95,
    assd; precision without a prediction; sensitivity and volume_difference without a reference), and counts as a miss.
    """

    case_id: Id
    model: PartName = Field(description="`global`, `personalized/<site slug>`, or `mixture`: soft routing's.")
    structure: StructureKey
    distance_unit: DistanceUnit = Field(description="That of distances.")
    values: Annotated[dict[ScoreName, FiniteFloat | None], AtMost(len(SCORES))] = Field(
        description="Every score; None has no meaning here."
    )

    @field_validator("values")
    @classmethod
    def _values_are_possible(cls, values: dict[ScoreName, float | None]) -> dict[ScoreName, float | None]:
        if missing := [name for name in SCORES if name not in values]:
            raise refused(f"lacks {', '.join(missing)}", "report every score")
        for name, value in values.items():
            if value is not None and not 0 <= value <= SCORES[name].maximum:
                raise refused(f"{value} cannot be {name}", f"give a number from 0 to {SCORES[name].maximum:g}")
        return values


class CaseRouting(MayBeUnlike):
    """What the model selector said of one case."""

    case_id: Id
    probabilities: Annotated[dict[Slug, Share], AtMost(MAX_SITES)] = Field(
        description="Site slug to probability, in site order."
    )
    chosen_model: PartName = Field(
        description="The super model's choice: `global`, `personalized/<site slug>`, or `mixture` under soft routing."
    )
