"""Response bodies of the model selector: its threshold, its calibration and the cases that it chose for."""

from typing import Literal

from pydantic import Field

from backend.contracts.metrics import ScoreName
from backend.contracts.thresholds import ThresholdPoint
from backend.evaluations.schemas import Checkpoint
from backend.record import Record


class SweepPoint(Record):
    """The super model if its threshold were gamma."""

    gamma: float
    mean: float | None
    num_cases: int
    share_global: float


class ReliabilityBin(Record):
    """Cases whose largest probability is above `low` and at most `high`."""

    low: float
    high: float
    num_cases: int
    confidence: float | None = Field(description="Mean of the largest probability.")
    accuracy: float | None


class Calibration(Record):
    """How far the selector's probabilities can be believed. Natural logarithms; Brier over all classes, 0 to 2."""

    accuracy: float
    nll: float
    brier: float
    ece: float = Field(description="Expected calibration error of the largest probability, over `bins`.")
    bins: list[ReliabilityBin]


class SelectorGroup(Record):
    site_slug: str | None = Field(description="None: the cases of all sites that train, pooled.")
    unseen: bool
    num_cases: int
    mean: float | None = Field(description="The super model as it ran.")
    share_global: float
    sweep: list[SweepPoint]
    calibration: Calibration | None = Field(description="None for a site held out, which has no right answer.")
    chosen: dict[str, int] = Field(description="Most probable site to number of cases: a row of the confusion matrix.")


class ThresholdOnValidation(Record):
    """The super model's Dice on validation cases at each threshold, and the threshold that is the best there."""

    gamma: float = Field(description="The best, in steps of 0.01; of equals the middle of the longest run.")
    dice: float = Field(description="At it: mean over structures and over the validation cases of `sites`.")
    dice_as_run: float | None = Field(description="At the run's threshold; null where it was not scored.")
    num_cases: int
    sites: list[str] = Field(description="Sites that train and sent what their validation says.")
    absent_sites: list[str] = Field(
        description="Sites that train and sent nothing: without validation cases, or by their policy."
    )
    points: list[ThresholdPoint]


class RunSelector(Record):
    """What the model selector did on the test cases, and what the super model would score at any gamma."""

    run_id: str
    round: int
    metric: ScoreName
    checkpoint: Checkpoint
    structure: str | None
    higher_is_better: bool
    gamma: float
    routing: Literal["hard", "soft", "quality"]
    validation: ThresholdOnValidation | None = Field(
        description="What validation cases say of the threshold, whatever the metric; null: they say nothing."
    )
    sites: list[str] = Field(description="The selector's classes.")
    unseen_sites: list[str]
    groups: list[SelectorGroup]


class SelectorCases(Record):
    """What any threshold's score is made of, a column a list: entry i of each is of case i. At a threshold gamma the
    case goes to its most probable site's model where `confidence` is above gamma, else to the global model."""

    run_id: str
    round: int
    metric: ScoreName
    checkpoint: Checkpoint
    structure: str | None
    gamma: float = Field(description="As the run had it.")
    routing: Literal["hard", "soft", "quality"]
    sites: list[str] = Field(description="The selector's classes.")
    unseen_sites: list[str]
    case_ids: list[str]
    names: list[str]
    site_slugs: list[str] = Field(description="Where the case is from.")
    most_probable: list[int] = Field(description="Index in `sites`.")
    confidence: list[float] = Field(description="The largest probability.")
    own_scores: list[float | None] = Field(description="By the most probable site's model.")
    global_scores: list[float | None]
    home_scores: list[float | None] = Field(description="By the model of the case's own site; null where it has none.")
    ran_scores: list[float | None] = Field(description="By the super model as it ran.")
