"""The closed list of what passes between the hub and a hospital's workers, and the closed list of tasks.

What is not here is refused and recorded: no code ever comes from the hub, and no task of another kind.
"""

import re
from dataclasses import dataclass
from typing import Literal

from pydantic import ValidationError

from backend.contracts.base import Contract
from backend.contracts.dry_runs import DryRunSitePayload
from backend.contracts.tasks import (
    ClaimedTask,
    ClaimRequest,
    CompleteRequest,
    DescribeDatasetPayload,
    EvaluateSitePayload,
    FailRequest,
    ProgressAnswer,
    ProgressReport,
    TaskPayload,
    TrainSitePayload,
    ValidateSitePayload,
)
from backend.contracts.values import stored_values
from backend.contracts.worker_state import KeptAtWorker

Verb = Literal["claim", "progress", "complete", "fail"]

#: What a hospital does; the rest is the coordinator's.
TASKS_OF_A_SITE = (
    DescribeDatasetPayload,
    DryRunSitePayload,
    TrainSitePayload,
    ValidateSitePayload,
    EvaluateSitePayload,
)


@dataclass(frozen=True)
class Operation:
    """What a worker sends and the hub answers; None: no body."""

    request: type[Contract]
    answer: type[Contract] | None


TASK_OPERATIONS: dict[Verb, Operation] = {
    "claim": Operation(ClaimRequest, ClaimedTask),
    "progress": Operation(ProgressReport, ProgressAnswer),
    "complete": Operation(CompleteRequest, None),
    "fail": Operation(FailRequest, None),
}
GONE = Operation(KeptAtWorker, KeptAtWorker)
TASK_ID = re.compile(r"[0-9a-f]{1,64}")


class Refused(Exception):
    """Its text says what was not understood, without the values of a case."""


def read(kind: type[Contract], content: bytes, whose: str) -> Contract:
    """A body as its contract has it; a field that is not known is refused. Raises Refused."""
    try:
        with stored_values():  # the hub hands out what was stored, also before a bound was tighter
            return kind.model_validate_json(content)
    except ValidationError as error:
        places = ", ".join(".".join(map(str, problem["loc"])) or problem["type"] for problem in error.errors()[:5])
        raise Refused(f"{whose} is no {kind.__name__} of this version: {places}") from None


def require_task_of_site(claimed: ClaimedTask, slug: str) -> None:
    """Raises Refused for a task that no hospital does, and for one on another site's data."""
    payload: TaskPayload = claimed.payload
    if not isinstance(payload, TASKS_OF_A_SITE):
        raise Refused(f"a task of the kind {payload.kind} is no hospital's work")
    of = payload.site if isinstance(payload, DescribeDatasetPayload) else payload.participant
    manifests = () if isinstance(payload, DescribeDatasetPayload) else payload.data
    if of != slug or any(manifest.site != slug for manifest in manifests):
        raise Refused(f"the task is for the data of {of}, not of {slug}")
