"""The dry run: a few optimizer steps at every site, to learn before an experiment whether it runs and what it costs."""

from typing import Annotated, Literal

from pydantic import Field

from backend.contracts.base import Contract
from backend.contracts.datasets import DatasetManifest
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.metrics import Split
from backend.contracts.task_definition import SegmentationTask
from backend.contracts.values import (
    MAX_DATASETS,
    MAX_MODELS,
    MAX_SITES,
    MAX_STRATEGIES,
    AtMost,
    Count,
    Hardware,
    Id,
    NotNegative,
    NumBytes,
    Participant,
    Positive,
    Seconds,
    Slug,
    Within,
)


class DryRunSitePayload(Contract):
    """A dry run at one site. `sites` train, in site order; any other site is held out and only predicts. `data`: all of
    this site's."""

    kind: Literal["dry_run_site"] = "dry_run_site"
    dry_run_id: Id
    participant: Participant
    config: ExperimentConfig
    task: SegmentationTask
    sites: Annotated[tuple[Slug, ...], AtMost(MAX_SITES)]
    data: Annotated[tuple[DatasetManifest, ...], AtMost(MAX_DATASETS)]


class StrategyCost(Contract):
    """What one round of one strategy costs at a site, without its validation. Seconds are of this worker's process."""

    steps: Positive = Field(description="Optimizer steps of a round.")
    seconds_per_step: Seconds = Field(description="Of every model that the strategy trains, together.")
    seconds_beside: Seconds = Field(description="Of a round, without its steps: set-up, and the model selector.")
    validated_models: Annotated[int, Within(1, MAX_MODELS)] = Field(
        description="Models that predict each validation case in a round."
    )
    tested_models: Annotated[int, Within(1, MAX_MODELS)] = Field(
        description="Models that predict each test case at the end."
    )
    bytes_down: NumBytes
    bytes_up: NumBytes
    bytes_kept: NumBytes = Field(description="The state of a round, as the backend keeps it.")


class DryRunSiteResult(Contract):
    """Means over the few cases that were tried. `strategies` in the experiment's order; empty at a held-out site."""

    kind: Literal["dry_run_site"] = "dry_run_site"
    device: Hardware
    num_cases: Annotated[dict[Split, Count], AtMost(3)]
    seconds_to_load: Seconds = Field(description="Reading and preparing one case, once in a run.")
    seconds_to_predict: Seconds = Field(description="One case by one model, with its Dice.")
    seconds_to_score: Seconds = Field(description="All metrics of one case's masks.")
    peak_memory_mib: NotNegative = Field(description="Of the worker's process, while it tried.")
    peak_gpu_memory_mib: NotNegative | None = None
    image_bytes: NumBytes = Field(default=0, description="Of a test case's image and reference for the viewer.")
    mask_bytes: NumBytes = Field(default=0, description="Of one mask of a test case for the viewer.")
    strategies: Annotated[tuple[StrategyCost, ...], AtMost(MAX_STRATEGIES)]
