"""Names and shapes of everything measured."""

from typing import Literal

from pydantic import Field

from backend.contracts.base import Contract

Split = Literal["train", "val", "test"]
#: `personalized` is the model of the site that reports; `super` the super model; `selector` the model selector.
ModelKind = Literal["global", "personalized", "super", "selector"]
MetricName = Literal["loss", "dice", "accuracy", "share_global", "seconds", "bytes_up", "bytes_down"]


class MetricPoint(Contract):
    """One measured number of a round. `round` is the round whose resulting state was measured."""

    round: int = Field(ge=0)
    model: ModelKind
    split: Split
    name: MetricName
    structure: str | None = Field(default=None, description="None: the mean over structures.")
    value: float
    num_cases: int = Field(ge=0, description="Cases behind the value: its weight in a mean over sites.")


class CaseScore(Contract):
    """Dice of one model on one case and structure, in the image's original space. None: in neither mask."""

    case_id: str
    model: str = Field(description="`global` or `personalized/<site slug>`.")
    structure: str
    dice: float | None = Field(ge=0, le=1)


class CaseRouting(Contract):
    """What the model selector said of one case."""

    case_id: str
    probabilities: dict[str, float] = Field(description="Site slug to probability, in site order.")
    chosen_model: str = Field(description="`global` or `personalized/<site slug>`: the super model's choice.")
