"""Response body of the test scores of many runs."""

from typing import Literal

from pydantic import Field

from backend.contracts.metrics import DistanceUnit, ModelKind, ScoreName
from backend.record import Record


class RunTestScores(Record):
    """The means of one run over the test cases of the sites that train, of its best round and over structures."""

    run_id: str
    model: ModelKind = Field(description="The model that its method is for: what the scores are of.")
    num_cases: int
    unit: DistanceUnit | Literal["mixed"] | None = Field(description="Of distances; null where none was measured.")
    scores: dict[ScoreName, float | None] = Field(description="Null where no case has a value.")
