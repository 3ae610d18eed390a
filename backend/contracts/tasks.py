"""The worker API: what a claimed task carries, and what a worker reports back.

A message on the broker carries a task id and nothing else. Everything below travels over HTTP.

`parts` are the named pieces of a run's state, each one safetensors artifact: `global`, `personalized/<site>`,
`selector`, `selector_moments/<site>`. A part map is `{name: sha256}`.
"""

from typing import Annotated, Literal

from pydantic import Field

from backend.contracts.artifacts import Sha256
from backend.contracts.base import Contract
from backend.contracts.datasets import CaseFile as CaseFile
from backend.contracts.datasets import CheckedCase as CheckedCase
from backend.contracts.datasets import DatasetManifest as DatasetManifest
from backend.contracts.datasets import DescribeDatasetPayload as DescribeDatasetPayload
from backend.contracts.datasets import DescribeDatasetResult as DescribeDatasetResult
from backend.contracts.datasets import SplitFractions as SplitFractions
from backend.contracts.dry_runs import DryRunSitePayload, DryRunSiteResult
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.failures import FailureKind
from backend.contracts.metrics import CaseRouting, CaseScore, MetricPoint, ModelKind
from backend.contracts.predictions import FileName, PredictCaseResult
from backend.contracts.strategy_configs import StrategyConfig
from backend.contracts.task_definition import SegmentationTask

TaskKind = Literal[
    "describe_dataset",
    "dry_run_site",
    "initialize_run",
    "train_site",
    "aggregate_round",
    "validate_site",
    "evaluate_site",
    "predict_case",
]
#: The participant that stands for all sites' data in one place (centralized training).
POOLED = "pooled"
#: The participant of tasks that belong to no site.
COORDINATOR = "coordinator"

PartMap = dict[str, Sha256]


class RunSpec(Contract):
    """What does not change during a run."""

    run_id: str
    config: ExperimentConfig
    strategy: StrategyConfig
    seed: int
    task: SegmentationTask
    sites: tuple[str, ...] = Field(description="Slugs of the sites that train, in site order: the order of sums.")
    held_out_sites: tuple[str, ...] = Field(
        default=(), description="Slugs of the sites that do not train, whose test cases every model is tested on."
    )


class InitializeRunPayload(Contract):
    kind: Literal["initialize_run"] = "initialize_run"
    run: RunSpec


class TrainSitePayload(Contract):
    """Validate the received state of round - 1, then train. `parts` is what this participant
    receives; `state` is the whole state, from which a part is fetched only if routing a validation case needs it."""

    kind: Literal["train_site"] = "train_site"
    run: RunSpec
    round: int = Field(ge=1)
    participant: str
    data: tuple[DatasetManifest, ...]
    parts: PartMap
    state: PartMap


class SiteUpdateRef(Contract):
    """A completed update, as the aggregation receives it."""

    participant: str
    parts: PartMap
    num_cases: int
    num_steps: int


class AggregateRoundPayload(Contract):
    """`updates` are in site order; a site that failed this round is absent."""

    kind: Literal["aggregate_round"] = "aggregate_round"
    run: RunSpec
    round: int = Field(ge=1)
    state: PartMap
    updates: tuple[SiteUpdateRef, ...]


class ValidateSitePayload(Contract):
    """Validation of a state that the participant does not train from: after the last round, or where it sits out."""

    kind: Literal["validate_site"] = "validate_site"
    run: RunSpec
    round: int = Field(ge=0)
    participant: str
    data: tuple[DatasetManifest, ...]
    state: PartMap


class EvaluateSitePayload(Contract):
    """Test every model of one round's state on this participant's test cases."""

    kind: Literal["evaluate_site"] = "evaluate_site"
    run: RunSpec
    round: int = Field(ge=1)
    participant: str
    data: tuple[DatasetManifest, ...]
    state: PartMap
    with_files: bool = Field(default=True, description="Images and masks for the viewer too: of the best round only.")
    history: dict[int, PartMap] = Field(
        default={}, description="States of earlier rounds, of which a few cases are predicted for the viewer."
    )


class PredictCasePayload(Contract):
    """Every segmentation model of one round's state on an image that somebody uploaded."""

    kind: Literal["predict_case"] = "predict_case"
    prediction_id: str
    run: RunSpec
    state: PartMap
    image: Sha256
    file_name: FileName


TaskPayload = Annotated[
    DescribeDatasetPayload
    | DryRunSitePayload
    | InitializeRunPayload
    | TrainSitePayload
    | AggregateRoundPayload
    | ValidateSitePayload
    | EvaluateSitePayload
    | PredictCasePayload,
    Field(discriminator="kind"),
]


class ClaimRequest(Contract):
    worker: str = Field(description="The worker's name, as people see it.")


class ClaimedTask(Contract):
    """The answer to a claim that was won; a claim that was lost is answered 409 `task_not_claimable`."""

    task_id: str
    attempt: int
    lease_seconds: float
    payload: TaskPayload


class LogLine(Contract):
    level: Literal["info", "warning", "error"]
    message: str = Field(max_length=4000)


class ProgressReport(Contract):
    """Renews the lease. `attempt` is the claim's: a report of an attempt that lost its lease is refused with 409."""

    attempt: int
    fraction: float = Field(ge=0, le=1)
    metrics: tuple[MetricPoint, ...] = ()
    logs: tuple[LogLine, ...] = ()


class ProgressAnswer(Contract):
    action: Literal["continue", "stop"]
    lease_seconds: float


class InitializeRunResult(Contract):
    """`downloads` names, for every participant, the parts that it receives in round 1."""

    kind: Literal["initialize_run"] = "initialize_run"
    participants: tuple[str, ...]
    evaluators: tuple[str, ...] = Field(
        description="Who evaluates at the end, on its own test cases; validation is done by the participants."
    )
    criterion: ModelKind = Field(description="The model whose validation Dice picks the best round.")
    parts: PartMap
    downloads: dict[str, tuple[str, ...]]


class TrainSiteResult(Contract):
    kind: Literal["train_site"] = "train_site"
    parts: PartMap
    num_cases: int = Field(ge=1)
    num_steps: int = Field(ge=1)
    metrics: tuple[MetricPoint, ...]
    seconds: float = Field(ge=0)
    transfer_seconds: float = Field(default=0, ge=0, description="Of these, spent on downloads and uploads.")
    bytes_up: int = Field(ge=0)
    bytes_down: int = Field(ge=0)


class AggregateRoundResult(Contract):
    kind: Literal["aggregate_round"] = "aggregate_round"
    parts: PartMap
    downloads: dict[str, tuple[str, ...]]
    refused: dict[str, str] = Field(
        default={}, description="Participants whose update was refused (NaN, Inf, wrong key or shape), and why."
    )
    metrics: tuple[MetricPoint, ...] = ()


class ValidateSiteResult(Contract):
    kind: Literal["validate_site"] = "validate_site"
    metrics: tuple[MetricPoint, ...]


class CaseFiles(Contract):
    """What the viewer shows of one case: gzipped NIfTI, one slice for a photograph (RGB is datatype 128).

    A mask volume holds, for structure i of the task, the bit 2**i: structures may overlap."""

    case_id: str
    image: Sha256 | None = None
    reference: Sha256 | None = None
    predictions: PartMap = Field(default={}, description="Model (`global`, `personalized/<site>`) to mask.")


class PastMask(Contract):
    """One test case by one model of an earlier round's state."""

    case_id: str
    round: int = Field(ge=1)
    model: str = Field(description="`global`, `personalized/<site>`, or `mixture`: soft routing's.")
    dice: dict[str, float | None] = Field(description="By structure; null where it is in neither mask.")
    mask: Sha256 | None = Field(description="Null where the site lets no prediction leave.")
    chosen: bool = Field(description="The super model used it for this case in this round.")


class EvaluateSiteResult(Contract):
    kind: Literal["evaluate_site"] = "evaluate_site"
    scores: tuple[CaseScore, ...]
    routing: tuple[CaseRouting, ...] = ()
    files: tuple[CaseFiles, ...] = ()
    history: tuple[PastMask, ...] = ()


TaskResult = Annotated[
    DescribeDatasetResult
    | DryRunSiteResult
    | InitializeRunResult
    | TrainSiteResult
    | AggregateRoundResult
    | ValidateSiteResult
    | EvaluateSiteResult
    | PredictCaseResult,
    Field(discriminator="kind"),
]


class CompleteRequest(Contract):
    attempt: int
    result: TaskResult


class FailRequest(Contract):
    """`message` is for people; `detail` (a traceback) is for the log. Retryable: lost connection, full disk, ..."""

    attempt: int
    message: str = Field(max_length=2000)
    detail: str = Field(default="", max_length=20000)
    kind: FailureKind = "unexpected"
    retryable: bool = False
    released: bool = Field(
        default=False, description="Given back unfinished by a worker that shuts down: queued again, no failure."
    )


class Heartbeat(Contract):
    """Sent every few seconds by each worker, busy or idle."""

    worker: str
    queues: tuple[str, ...]
    hardware: str = Field(max_length=200, description="For people: '2 CPU cores, 24 GiB', 'NVIDIA H100, ...'.")
    num_gpus: int | None = Field(
        default=None, ge=0, le=1024, description="GPUs that its processes may use; null: it does not say."
    )
    num_processes: int = Field(ge=1)
    disk_free: int | None = Field(default=None, ge=0, le=2**62, description="Bytes, of the disk of its folder.")
    disk_total: int | None = Field(default=None, ge=0, le=2**62, description="Bytes, of the disk of its folder.")


class KeptAtWorker(Contract):
    """What a worker has on its disk. The answer names what of it nobody needs any more."""

    artifacts: tuple[Sha256, ...] = Field(default=(), max_length=10_000)
    runs: tuple[Annotated[str, Field(max_length=64)], ...] = Field(
        default=(), max_length=10_000, description="Runs of which it keeps optimizer states."
    )
