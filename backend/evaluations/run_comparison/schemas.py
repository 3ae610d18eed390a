"""Response body of a comparison of runs, also across experiments of a federation."""

from typing import Literal

from pydantic import Field

from backend.contracts.metrics import DistanceUnit, ModelKind, ScoreName
from backend.evaluations.schemas import Checkpoint
from backend.record import Record
from backend.runs.schemas import RunRecord


class ComparedRun(Record):
    run: RunRecord
    experiment_name: str
    model: ModelKind = Field(description="The model that its method is for: what its scores are of.")
    seconds: float | None = Field(description="From its start to its end; null while it runs.")
    bytes_up: int = Field(description="Sent by all sites in all rounds.")
    bytes_down: int


class Parameter(Record):
    path: str
    values: list[str | None] = Field(description="One a run; null where the run's method or network has no such field.")
    differs: bool


class ComparedScore(Record):
    """One run on one site's test cases; against the first run over the cases that both have a value for."""

    mean: float | None
    text: str = Field(description="The mean as it is printed; a dash for none.")
    best: bool = Field(description="Best of its row as printed, of the runs over the same cases; ties are marked.")
    lacks: str | None = Field(description="`7 of 9 cases, without Clinic C`: not compared with the others.")
    num_cases: int
    num_pairs: int
    difference: float | None = Field(description="Its mean less the first run's.")
    difference_text: str = Field(description="The difference as it is printed everywhere; a dash for none.")
    low: float | None = Field(description="Ends of the difference's bootstrap interval.")
    high: float | None
    interval_text: str | None = Field(description="The interval as it is printed everywhere: `[+0.064, +0.102]`.")
    p: float | None
    p_holm: float | None = Field(description="p adjusted for the runs compared on this site.")


class ScoreRow(Record):
    site_slug: str | None = Field(description="None: the cases of all sites that train in every run, pooled.")
    scores: list[ComparedScore] = Field(description="One a run.")


class RunComparison(Record):
    metric: ScoreName
    checkpoint: Checkpoint
    structure: str | None
    structures: list[str]
    higher_is_better: bool
    unit: DistanceUnit | Literal["mixed"] | None
    runs: list[ComparedRun] = Field(description="In the order asked for; the others are compared with the first.")
    parameters: list[Parameter]
    rows: list[ScoreRow]
    other_data: list[str] = Field(description="Sites whose data are not the same files in every run.")
    cautions: list[str] = Field(description="Why the numbers may not be comparable, in sentences.")
    test: str
