"""Bodies of dry runs: what each site found, and what the experiment is estimated to cost."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from backend.contracts.base import Contract
from backend.contracts.dry_runs import DryRunSiteResult
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.status import TaskStatus
from backend.record import Record


class DryRunCreate(Contract):
    config: ExperimentConfig


class DryRunSite(Record):
    site_slug: str
    status: TaskStatus
    fraction: float
    worker: str | None
    error: str | None = Field(description="Why the experiment would fail here, in plain words.")
    result: DryRunSiteResult | None


class StrategyEstimate(Record):
    """Of one run (one seed) of one strategy. Aggregation and waiting for other runs are not counted."""

    strategy_label: str
    seconds_per_round: float = Field(description="Training and validation, with the workers that are online.")
    seconds: float = Field(description="All rounds, and the test of the best and the last.")
    bytes_up_per_round: int = Field(description="Of all sites together.")
    bytes_down_per_round: int = Field(description="Of all sites together.")
    bytes_kept: int = Field(description="Models and masks, in the backend's artifact store, once the run is completed.")
    bytes_peak: int = Field(default=0, description="The same at most while it trains, with the updates of a round.")


class DryRunEstimate(Record):
    """Of the whole experiment: every strategy with every seed."""

    strategies: list[StrategyEstimate]
    num_runs: int
    seconds: float
    bytes_up: int = Field(description="Of all sites in all rounds of all runs.")
    bytes_down: int = Field(description="Of all sites in all rounds of all runs.")
    bytes_kept: int = Field(description="In the backend's artifact store, once all runs are completed.")
    bytes_peak: int = Field(default=0, description="The same at most while all runs train at once.")
    peak_memory_mib: float = Field(description="Of a worker's process, at the site that needs most.")
    peak_gpu_memory_mib: float | None
    num_processes: int = Field(description="Worker processes that the simulated sites share.")
    slowest_site: str = Field(description="Where a round takes longest.")


class DryRunRecord(Record):
    id: str
    federation_id: str
    config: ExperimentConfig
    created_at: datetime
    created_by: str
    status: Literal["running", "completed", "failed", "cancelled"]
    sites: list[DryRunSite] = Field(description="In site order.")
    estimate: DryRunEstimate | None = Field(description="Once every site has answered.")
