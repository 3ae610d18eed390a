"""Query parameters and responses that several routes of results share."""

from typing import Annotated

from fastapi import Query
from fastapi.responses import PlainTextResponse

from backend.contracts.metrics import SCORES, ScoreName
from backend.contracts.values import Label
from backend.evaluations.schemas import Checkpoint

_LOWER = ", ".join(name for name, card in SCORES.items() if card.lower_is_better)
MetricQuery = Annotated[ScoreName, Query(description=f"Lower is better of {_LOWER}.")]
CheckpointQuery = Annotated[Checkpoint, Query(description="Each run's best round by validation, or its last.")]
StructureQuery = Annotated[Label | None, Query(description="Left out: the mean over structures.")]


class LatexResponse(PlainTextResponse):
    media_type = "application/x-tex"
