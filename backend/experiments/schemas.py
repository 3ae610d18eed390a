"""Request and response bodies of experiments and their results."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from backend.contracts.base import Contract, with_example
from backend.contracts.config_problems import ConfigProblem
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.experiment_file import ExperimentFile
from backend.contracts.status import RunStatus
from backend.contracts.strategy_configs import StrategyConfig
from backend.contracts.values import Description, Name
from backend.record import Record
from backend.runs.schemas import RunRecord

#: training: its runs train; test: a model is tested on other data; import: holds the model of a file.
ExperimentKind = Literal["training", "test", "import", "site-addition", "fine-tuning", "student"]


class ExperimentCreate(Contract):
    name: Name
    description: Description = ""
    config: ExperimentConfig


class ExperimentUpdate(Contract):
    model_config = with_example(name="FedSM, second try", archived=False)

    name: Name | None = None
    description: Description | None = None
    archived: bool | None = None


class RunsAdd(Contract):
    model_config = with_example(strategies=[{"name": "fedprox"}], seeds=[1, 2])

    strategies: tuple[StrategyConfig, ...] = Field(
        default=(), max_length=32, description="Methods that the experiment does not have with these settings."
    )
    seeds: tuple[Annotated[int, Field(ge=0, le=2**31 - 1)], ...] = Field(
        default=(), max_length=100, description="Every method is trained with each, too."
    )
    start: bool = Field(default=True, description="Whether the new runs, and others never started, begin at once.")


class ConfigCheck(Contract):
    config: ExperimentConfig


class ConfigCheckResult(Record):
    problems: list[ConfigProblem]
    warnings: list[ConfigProblem] = Field(description="What would run and is still likely to be regretted.")
    num_sites: int = Field(description="Sites with data.")
    num_runs: int
    rho: dict[str, float] = Field(
        description="FedSM lambda (as text) to SoftPull's contraction factor a round, for the sites that train in one."
    )


class ExperimentFileText(Contract):
    model_config = with_example(text="name: Quick look\nconfig:\n  strategies: [{name: fedavg}]\n")

    text: str = Field(
        max_length=1_000_000,  # of a file that is too long for an experiment the answer says so itself
        description="YAML, as `GET /experiments/{id}/file.yaml` gives it.",
    )


class FileProblem(ConfigProblem):
    """Why a file is no experiment."""

    line: int | None = Field(description="In the file, from 1; null where no line is to blame.")


class ExperimentFileRead(Record):
    """Either the file, every default filled in, or what is wrong with it."""

    file: ExperimentFile | None
    problems: list[FileProblem]


class ExperimentRecord(Record):
    id: str
    federation_id: str
    kind: ExperimentKind
    tested_run_id: str | None = Field(description="Of a test: the run whose model it is, which may be deleted since.")
    name: str
    description: str
    config: ExperimentConfig
    created_at: datetime
    created_by: str
    started_at: datetime | None
    archived_at: datetime | None
    status: RunStatus = Field(description="The least finished of the runs' statuses; created when never started.")
    runs: list[RunRecord]
