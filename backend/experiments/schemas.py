"""Request and response bodies of experiments and their results."""

from datetime import datetime

from pydantic import Field

from backend.contracts.base import Contract, with_example
from backend.contracts.config_problems import ConfigProblem
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.metrics import ModelKind
from backend.contracts.status import RunStatus
from backend.federations.schemas import Name, Record
from backend.runs.schemas import RunRecord


class ExperimentCreate(Contract):
    name: Name
    description: str = Field(default="", max_length=2000)
    config: ExperimentConfig


class ExperimentUpdate(Contract):
    model_config = with_example(name="FedSM, second try", archived=False)

    name: Name | None = None
    description: str | None = Field(default=None, max_length=2000)
    archived: bool | None = None


class ConfigCheck(Contract):
    config: ExperimentConfig


class ConfigCheckResult(Record):
    problems: list[ConfigProblem]
    num_sites: int = Field(description="Sites with data.")
    num_runs: int
    rho: dict[str, float] = Field(description="FedSM lambda (as text) to SoftPull's contraction factor a round.")


class ExperimentRecord(Record):
    id: str
    federation_id: str
    name: str
    description: str
    config: ExperimentConfig
    created_at: datetime
    created_by: str
    started_at: datetime | None
    archived_at: datetime | None
    status: RunStatus = Field(description="The least finished of the runs' statuses; created when never started.")
    runs: list[RunRecord]


class ResultCell(Record):
    """Mean Dice of one method's model on one site's test cases, over cases and then seeds."""

    strategy_label: str
    model: ModelKind = Field(description="`personalized` is the model of the site in the same row (oracle routing).")
    site_slug: str | None = Field(description="None: all sites' cases pooled.")
    structure: str | None = Field(description="None: the mean over structures.")
    mean: float | None
    std: float | None = Field(description="Standard deviation over seeds; None with one seed.")
    num_cases: int
    num_missing: int = Field(description="Cases without the structure in either mask.")
    num_seeds: int


class ConfusionRow(Record):
    site_slug: str
    chosen: dict[str, int] = Field(description="Most probable site to number of test cases.")


class SelectorResult(Record):
    run_id: str
    strategy_label: str
    seed: int
    accuracy: float | None
    share_global: float | None
    num_cases: int
    confusion: list[ConfusionRow]


class ExperimentResults(Record):
    """`round` is each run's best round. Cells exist for every strategy x reported model x site x structure."""

    experiment_id: str
    structures: list[str]
    sites: list[str]
    cells: list[ResultCell]
    selectors: list[SelectorResult]
    complete: bool = Field(description="False while a run is still going: the table holds what is finished.")
