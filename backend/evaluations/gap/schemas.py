"""The gap to centralized training, taken apart: response bodies. docs/gap.md derives every term."""

from typing import Literal

from pydantic import Field

from backend.contracts.metrics import DistanceUnit, ModelKind, ScoreName
from backend.record import Record

#: What is scored on the same cases, from the centralized model to the method's own as it ran, and its last round.
LevelKey = Literal["centralized", "equal", "global", "known", "tuned", "ran", "last"]
#: What lies between one level and the next.
TermKey = Literal["optimization", "drift", "personalization", "routing", "threshold", "checkpoint"]


class GapLevel(Record):
    """One step of the stairs: whose model it is."""

    key: LevelKey
    strategy_label: str
    model: ModelKind
    words: str = Field(description="What is scored.")
    short: str = Field(description="The same where there is little room.")


class GapValue(Record):
    """A loss, of which positive is worse whatever the metric: what is negative was won back."""

    loss: float | None
    low: float | None = Field(description="Ends of the interval; null for fewer than two cases.")
    high: float | None
    text: str = Field(description="The loss as it is printed everywhere, with its sign; a dash for none.")
    interval_text: str = Field(description="`[+0.004, +0.020]`; empty for none.")


class GapTerm(Record):
    """What lies between two levels. Of several keys the terms are one: what stands between them was not run."""

    keys: list[TermKey]
    label: str
    words: str = Field(description="What it says.")
    start: LevelKey
    end: LevelKey
    values: list[GapValue] = Field(description="One a column.")


class MissingTerm(Record):
    """A term that the experiment does not have alone, and how to get it."""

    key: TermKey
    reason: str
    remedy: str


class GapColumn(Record):
    """The test cases of one site that trains, or of all of them, that every level has a value of."""

    site_slug: str | None = Field(description="None: the cases of all sites that train, pooled.")
    num_cases: int
    num_left_out: int = Field(description="Cases that some level has no value of.")
    means: list[float | None] = Field(description="One a level: the mean over cases of their means over seeds.")
    texts: list[str] = Field(description="The means as they are printed.")
    total: GapValue = Field(description="The whole gap: the terms up to the method as it ran add up to it.")
    bound: float | None = Field(
        description="The best of all the method's models for each case, chosen by its score; null for a method of one "
        "model."
    )
    bound_text: str
    room: GapValue | None = Field(description="What the method as it ran loses against the bound.")


class Gap(Record):
    """Where a method's score is lost against centralized training, and won back."""

    experiment_id: str
    metric: ScoreName
    structure: str | None
    higher_is_better: bool
    unit: DistanceUnit | Literal["mixed"] | None
    strategy_label: str
    model: ModelKind = Field(description="What the method is for.")
    methods: list[str] = Field(description="The methods that can be taken apart.")
    seeds: list[int] = Field(description="Those that every level has.")
    levels: list[GapLevel]
    columns: list[GapColumn]
    terms: list[GapTerm] = Field(description="From the first level to the method as it ran.")
    checkpoint: GapTerm | None = Field(description="What the last round loses against the best; outside the sum.")
    missing: list[MissingTerm]
    confidence: float
    num_resamples: int
    words_of_seeds: str = Field(description="What this number of seeds allows one to say.")
    notes: list[str] = Field(description="What must be known before the terms are read, in sentences.")
