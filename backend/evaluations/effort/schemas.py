"""What training took: response bodies."""

from typing import Literal

from pydantic import Field

from backend.contracts.metrics import ModelKind
from backend.record import Record

RemarkCode = Literal["unequal_effort", "still_rising"]


class Remark(Record):
    """What a reader must know before comparing the methods of a table, as data and in words."""

    code: RemarkCode
    values: dict[str, float] = Field(
        description="By the method's label. unequal_effort: gradient steps of the model that the method is for; "
        "still_rising: the gain in validation Dice over the last rounds."
    )
    words: str


class MethodEffort(Record):
    """What a whole training took, as a mean over the method's runs; null where it was not counted."""

    strategy_label: str
    model: ModelKind
    num_runs: int = Field(description="Runs that these numbers are a mean of.")
    num_rounds: float
    steps: float | None = Field(
        description="Gradient steps along the model's path: in each round the mean of the sites that trained, of a "
        "personalized model the mean over sites of their own, of the super model the larger of its models'."
    )
    steps_fewest: float | None = Field(description="Of the site whose model takes the fewest.")
    steps_most: float | None = Field(description="Of the site whose model takes the most.")
    images: float | None = Field(description="Images (slices, patches, volumes) in the batches of these steps.")
    seconds: float | None = Field(
        description="Of the slowest participant of each round, added up: how long the rounds take where every site has "
        "a machine of its own."
    )
    bytes: float | None = Field(description="Sent and received by all participants together.")


class RoundEffort(Record):
    """What it took up to the end of a round, of the model that the method is for."""

    round: int
    steps: float | None
    images: float | None
    seconds: float | None
    bytes: float | None


class RunEffort(Record):
    """What the training of a run took."""

    run_id: str
    models: list[MethodEffort] = Field(description="Of every model that the method is scored with.")
    rounds: list[RoundEffort] = Field(description="Ascending; what the curves are drawn against.")
    remarks: list[Remark]
