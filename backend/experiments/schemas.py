"""Request and response bodies of experiments and their results."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from backend.contracts.base import Contract, with_example
from backend.contracts.config_problems import ConfigProblem
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.experiment_file import ExperimentFile
from backend.contracts.presets import PresetName, PresetSetting
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


class ConfigWarning(ConfigProblem):
    """What would run and is still likely to be regretted."""

    adds: StrategyConfig | None = Field(
        default=None, description="A method that answers the warning once it is among the experiment's."
    )


class ConfigCheckResult(Record):
    problems: list[ConfigProblem]
    warnings: list[ConfigWarning] = Field(description="What would run and is still likely to be regretted.")
    num_sites: int = Field(description="Sites with data.")
    num_runs: int
    rho: dict[str, float] = Field(
        description="FedSM lambda (as text) to SoftPull's contraction factor a round, for the sites that train in one."
    )


class LeftOutSetting(Record):
    field: str
    value: bool | int | float | str | None
    reason: str = Field(description="Why it is not for these sites.")


class PresetRecord(Record):
    """Settings of FedSM that are set together, as they fit a federation's sites."""

    name: PresetName = Field(description="As `fedsm experiment create --preset` takes it.")
    title: str
    description: str
    evidence: str = Field(description="The page of the documentation, and its section, that shows why.")
    settings: list[PresetSetting]
    left_out: list[LeftOutSetting] = Field(description="Of the preset, but not for these sites.")


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
