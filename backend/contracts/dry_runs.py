"""The dry run: a few optimizer steps at every site, to learn before an experiment whether it runs and what it costs."""

from typing import Literal

from pydantic import Field

from backend.contracts.base import Contract
from backend.contracts.datasets import DatasetManifest
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.metrics import Split
from backend.contracts.task_definition import SegmentationTask


class DryRunSitePayload(Contract):
    """`sites` train, in site order; a site beside them is held out and only predicts. `data`: all of this site's."""

    kind: Literal["dry_run_site"] = "dry_run_site"
    dry_run_id: str
    participant: str
    config: ExperimentConfig
    task: SegmentationTask
    sites: tuple[str, ...]
    data: tuple[DatasetManifest, ...]


class StrategyCost(Contract):
    """What one round of one strategy costs at a site, without its validation. Seconds are of this worker's process."""

    steps: int = Field(ge=1, description="Optimizer steps of a round.")
    seconds_per_step: float = Field(ge=0, description="Of every model that the strategy trains, together.")
    seconds_beside: float = Field(ge=0, description="Of a round, beside its steps: set-up, and the model selector.")
    validated_models: int = Field(ge=1, description="Models that predict each validation case in a round.")
    tested_models: int = Field(ge=1, description="Models that predict each test case at the end.")
    bytes_down: int = Field(ge=0)
    bytes_up: int = Field(ge=0)
    bytes_kept: int = Field(ge=0, description="The state of a round, as the backend keeps it.")


class DryRunSiteResult(Contract):
    """Means over the few cases that were tried. `strategies` in the experiment's order; empty at a held-out site."""

    kind: Literal["dry_run_site"] = "dry_run_site"
    device: str = Field(max_length=200)
    num_cases: dict[Split, int]
    seconds_to_load: float = Field(ge=0, description="Reading and preparing one case, once in a run.")
    seconds_to_predict: float = Field(ge=0, description="One case by one model, with its Dice.")
    seconds_to_score: float = Field(ge=0, description="All metrics of one case's masks.")
    peak_memory_mib: float = Field(ge=0, description="Of the worker's process, while it tried.")
    peak_gpu_memory_mib: float | None = Field(default=None, ge=0)
    image_bytes: int = Field(default=0, ge=0, description="Of a test case's image and reference for the viewer.")
    mask_bytes: int = Field(default=0, ge=0, description="Of one mask of a test case for the viewer.")
    strategies: tuple[StrategyCost, ...]
