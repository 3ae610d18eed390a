"""The worker API: what a claimed task carries, and what a worker reports back.

A message on the broker carries a task id and nothing else. Everything below travels over HTTP.

`parts` are the named pieces of a run's state, each one safetensors artifact: `global`, `personalized/<site>`,
`selector`, `selector_moments/<site>`. A part map is `{name: sha256}`.
"""

from typing import Annotated, Literal

from pydantic import Field

from backend.contracts.artifacts import Sha256
from backend.contracts.base import Contract
from backend.contracts.datasets import CheckedCase as CheckedCase
from backend.contracts.datasets import DatasetManifest as DatasetManifest
from backend.contracts.datasets import DescribeDatasetPayload as DescribeDatasetPayload
from backend.contracts.datasets import DescribeDatasetResult as DescribeDatasetResult
from backend.contracts.datasets import ManifestCase as ManifestCase
from backend.contracts.datasets import SplitFractions as SplitFractions
from backend.contracts.dry_runs import DryRunSitePayload, DryRunSiteResult
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.exports import ExportForm, ExportModelResult, ExportStep
from backend.contracts.failures import FailureKind
from backend.contracts.methods.references import CentralizedConfig, LocalOnlyConfig
from backend.contracts.metrics import CaseRouting, CaseScore, MetricPoint, ModelKind
from backend.contracts.predictions import FileName, PredictCaseResult
from backend.contracts.score_summaries import SiteSummary
from backend.contracts.site_addition import AddedSite
from backend.contracts.start_model import StartState
from backend.contracts.strategy_configs import StrategyConfig
from backend.contracts.student import Taught
from backend.contracts.task_definition import SegmentationTask
from backend.contracts.thresholds import GAMMAS, ThresholdPoint
from backend.contracts.update_format import UpdateFormat
from backend.contracts.values import (
    MAX_CASES,
    MAX_DATASETS,
    MAX_LOG_LINES,
    MAX_METRICS,
    MAX_PARTS,
    MAX_ROUNDS,
    MAX_SCORES,
    MAX_SITES,
    MAX_STRUCTURES,
    AtMost,
    Attempt,
    Count,
    Fraction,
    Id,
    LongSaid,
    NotNegative,
    NumBytes,
    Participant,
    PartName,
    Positive,
    RoundNumber,
    Said,
    Seconds,
    ShortSaid,
    Slug,
    StructureKey,
    TrainedRound,
    Within,
    WorkerName,
)
from backend.contracts.version_scores import VersionScores

#: The participant that stands for all sites' data in one place (centralized training).
POOLED = "pooled"
#: The participant of tasks that belong to no site.
COORDINATOR = "coordinator"

PartMap = Annotated[dict[PartName, Sha256], AtMost(MAX_PARTS)]
#: Who receives which parts.
Downloads = Annotated[
    dict[Participant, Annotated[tuple[PartName, ...], AtMost(MAX_PARTS)]],
    AtMost(MAX_SITES + 1),
]
Slugs = Annotated[tuple[Slug, ...], AtMost(MAX_SITES)]
Participants = Annotated[tuple[Participant, ...], AtMost(MAX_SITES + 1)]
Manifests = Annotated[tuple[DatasetManifest, ...], AtMost(MAX_DATASETS)]
Metrics = Annotated[tuple[MetricPoint, ...], AtMost(MAX_METRICS)]


class RunSpec(Contract):
    """What does not change during a run."""

    run_id: Id
    config: ExperimentConfig = Field(
        description="The experiment's. Its `strategies` are those of all its runs: a run never reads them."
    )
    strategy: StrategyConfig = Field(
        description="What this run trains with: a copy of the run's strategy at its start."
    )
    seed: Count
    task: SegmentationTask
    sites: Slugs = Field(description="Slugs of the sites that train, in site order: the order of sums.")
    held_out_sites: Slugs = Field(
        default=(), description="Slugs of the sites that do not train, whose test cases every model is tested on."
    )
    start: StartState | None = Field(default=None, description="What it begins with; null: random weights.")
    site_steps: Positive | None = Field(
        default=None,
        description="Optimizer steps that a site takes in a round on average, for methods of equal effort; null: not "
        "known exactly.",
    )
    added: AddedSite | None = Field(
        default=None,
        exclude_if=lambda added: added is None,  # agents of the protocol before know no such field
        description="A site, the last of `sites`, is added to the selector of a finished model, and nothing is "
        "trained; null: the run trains.",
    )
    taught: Taught | None = Field(
        default=None,
        exclude_if=lambda taught: taught is None,  # agents of the protocol before know no such field
        description="One network learns from a finished super model; null: from the reference masks alone.",
    )

    @property
    def update_format(self) -> UpdateFormat:
        """Of this run's updates. Local-only and centralized models are trained in one place, and nothing is averaged:
        they are sent as they are, so that the references of a comparison lose nothing."""
        alone = isinstance(self.strategy, LocalOnlyConfig | CentralizedConfig)
        return "float32" if alone else self.config.schedule.update_format

    @property
    def methods(self) -> tuple[StrategyConfig, ...]:
        """All that do something with a site's images: a policy must allow each."""
        return (self.strategy,) if self.taught is None else (self.strategy, self.taught.strategy)


class InitializeRunPayload(Contract):
    kind: Literal["initialize_run"] = "initialize_run"
    run: RunSpec


class TrainSitePayload(Contract):
    """Validate the received state of round - 1, then train. `parts` is what this participant
    receives; `state` is the whole state, from which a part is fetched only if routing a validation case needs it."""

    kind: Literal["train_site"] = "train_site"
    run: RunSpec
    round: TrainedRound
    participant: Participant
    data: Manifests
    parts: PartMap
    state: PartMap
    kept_round: int | None = Field(
        default=None,
        ge=0,
        description="The participant's last round whose update was used: it goes on from what it kept then. 0: none.",
    )


class SiteUpdateRef(Contract):
    """A completed update, as the aggregation receives it."""

    participant: Participant
    parts: PartMap
    num_cases: Count
    num_steps: Count


class AggregateRoundPayload(Contract):
    """`updates` are in site order; a site that failed this round is absent."""

    kind: Literal["aggregate_round"] = "aggregate_round"
    run: RunSpec
    round: TrainedRound
    state: PartMap
    updates: Annotated[tuple[SiteUpdateRef, ...], AtMost(MAX_SITES + 1)]


class ValidateSitePayload(Contract):
    """Validation of a state that the participant does not train from: after the last round, or where it sits out."""

    kind: Literal["validate_site"] = "validate_site"
    run: RunSpec
    round: RoundNumber
    participant: Participant
    data: Manifests
    state: PartMap


class EvaluateSitePayload(Contract):
    """Test every model of one round's state on this participant's test cases."""

    kind: Literal["evaluate_site"] = "evaluate_site"
    run: RunSpec
    round: RoundNumber = Field(description="0 where a finished model is tested.")
    participant: Participant
    data: Manifests
    state: PartMap
    with_files: bool = Field(default=True, description="Images and masks for the viewer too: of the best round only.")
    history: Annotated[dict[TrainedRound, PartMap], AtMost(MAX_ROUNDS)] = Field(
        default={}, description="States of earlier rounds, of which a few cases are predicted for the viewer."
    )


class PredictCasePayload(Contract):
    """Every segmentation model of one round's state on an image that somebody uploaded."""

    kind: Literal["predict_case"] = "predict_case"
    prediction_id: Id
    run: RunSpec
    state: PartMap
    image: Sha256
    file_name: FileName


class ExportModelPayload(Contract):
    """A form of a finished run's models for other programs, tried on raw test cases of `data` that the worker can read.

    The run's strategy is as its best round predicts."""

    kind: Literal["export_model"] = "export_model"
    export_id: Id
    run: RunSpec
    state: PartMap
    form: ExportForm
    data: Manifests = Field(description="Of the sites that the central workers serve.")
    scores: VersionScores = Field(default=(), description="Of the run, for the form's card.")


TaskPayload = Annotated[
    DescribeDatasetPayload
    | DryRunSitePayload
    | InitializeRunPayload
    | TrainSitePayload
    | AggregateRoundPayload
    | ValidateSitePayload
    | EvaluateSitePayload
    | PredictCasePayload
    | ExportModelPayload,
    Field(discriminator="kind"),
]


class ClaimRequest(Contract):
    worker: WorkerName = Field(description="The worker's name, as people see it.")


class ClaimedTask(Contract):
    """The answer to a claim that was won; a claim that was lost is answered 409 `task_not_claimable`."""

    task_id: Id
    attempt: Attempt
    lease_seconds: Seconds
    payload: TaskPayload


class LogLine(Contract):
    level: Literal["info", "warning", "error"]
    message: Said


class ProgressReport(Contract):
    """Renews the lease. `attempt` is the claim's: a report of an attempt that lost its lease is refused with 409."""

    attempt: Attempt
    fraction: Fraction
    step: ExportStep | None = Field(
        default=None,
        exclude_if=lambda step: step is None,  # a hub of the version before knows no such field
        description="Of an export; no other task has counted steps.",
    )
    metrics: Metrics = ()
    logs: Annotated[tuple[LogLine, ...], AtMost(MAX_LOG_LINES)] = ()


class ProgressAnswer(Contract):
    action: Literal["continue", "stop"]
    lease_seconds: Seconds


class InitializeRunResult(Contract):
    """`downloads` names, for every participant, the parts that it receives in round 1."""

    kind: Literal["initialize_run"] = "initialize_run"
    participants: Participants
    evaluators: Participants = Field(
        description="Who evaluates at the end, on its own test cases; validation is done by the participants."
    )
    criterion: ModelKind = Field(description="The model whose validation Dice picks the best round.")
    parts: PartMap
    downloads: Downloads


class TrainSiteResult(Contract):
    kind: Literal["train_site"] = "train_site"
    parts: PartMap
    num_cases: Annotated[int, Within(1, MAX_CASES)]
    num_steps: Count = Field(description="0 where a site is added to a finished model.")
    metrics: Metrics
    seconds: Seconds
    transfer_seconds: Seconds = Field(default=0, description="Of these, spent on downloads and uploads.")
    bytes_up: NumBytes
    bytes_down: NumBytes


class OutlyingUpdate(Contract):
    """An update out of the others' line, by the 2-norm of its change of the weights."""

    norm: NotNegative
    usual: NotNegative = Field(description="The median of the others'.")


class AggregateRoundResult(Contract):
    kind: Literal["aggregate_round"] = "aggregate_round"
    parts: PartMap
    downloads: Downloads
    refused: Annotated[dict[Participant, Said], AtMost(MAX_SITES + 1)] = Field(
        default={}, description="Participants whose update was refused (NaN, Inf, wrong key or shape), and why."
    )
    outliers: Annotated[dict[Participant, OutlyingUpdate], AtMost(MAX_SITES + 1)] = Field(
        default={}, description="Participants whose update is out of the others' line; refused by choice."
    )
    metrics: Metrics = ()


class ValidateSiteResult(Contract):
    kind: Literal["validate_site"] = "validate_site"
    metrics: Metrics


class ViewerFiles(Contract):
    """What the viewer shows of one case: gzipped NIfTI, one slice for a photograph (RGB is datatype 128).

    A mask volume holds, for structure i of the task, the bit 2**i: structures may overlap."""

    case_id: Id
    image: Sha256 | None = None
    reference: Sha256 | None = None
    predictions: PartMap = Field(default={}, description="Model (`global`, `personalized/<site>`) to mask.")


class PastMask(Contract):
    """One test case by one model of an earlier round's state."""

    case_id: Id
    round: TrainedRound
    model: PartName = Field(description="`global`, `personalized/<site>`, or `mixture`: soft routing's.")
    dice: Annotated[dict[StructureKey, Fraction | None], AtMost(MAX_STRUCTURES)] = Field(
        description="By structure; null where it is in neither mask."
    )
    mask: Sha256 | None = Field(description="Null where the site lets no prediction leave.")
    chosen: bool = Field(description="The super model used it for this case in this round.")


class EvaluateSiteResult(Contract):
    """`summary` in place of all that is of single cases where no score of one leaves the site.

    `validation` and its routes are of validation cases, for the list of cases alone: no table, mean or test is made of
    them."""

    kind: Literal["evaluate_site"] = "evaluate_site"
    scores: Annotated[tuple[CaseScore, ...], AtMost(MAX_SCORES)]
    routing: Annotated[tuple[CaseRouting, ...], AtMost(MAX_CASES)] = ()
    files: Annotated[tuple[ViewerFiles, ...], AtMost(MAX_CASES)] = ()
    history: Annotated[tuple[PastMask, ...], AtMost(MAX_CASES)] = ()
    thresholds: Annotated[tuple[ThresholdPoint, ...], AtMost(len(GAMMAS))] = Field(
        default=(), description="The super model on the participant's validation cases at each threshold."
    )
    validation: Annotated[tuple[CaseScore, ...], AtMost(MAX_SCORES)] = Field(
        default=(), description="Of the best round, by the models that a reader compares."
    )
    validation_routing: Annotated[tuple[CaseRouting, ...], AtMost(MAX_CASES)] = ()
    summary: SiteSummary | None = None


TaskResult = Annotated[
    DescribeDatasetResult
    | DryRunSiteResult
    | InitializeRunResult
    | TrainSiteResult
    | AggregateRoundResult
    | ValidateSiteResult
    | EvaluateSiteResult
    | PredictCaseResult
    | ExportModelResult,
    Field(discriminator="kind"),
]


class CompleteRequest(Contract):
    attempt: Attempt
    result: TaskResult


class FailRequest(Contract):
    """`message` is for people; `detail` (a traceback) is for the log. Retryable: lost connection, full disk, ..."""

    attempt: Attempt
    message: ShortSaid
    detail: LongSaid = ""
    kind: FailureKind = "unexpected"
    retryable: bool = False
    released: bool = Field(
        default=False, description="Given back unfinished by a worker that shuts down: queued again, no failure."
    )
