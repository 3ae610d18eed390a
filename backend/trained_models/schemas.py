"""A finished run's set of models: what it holds, what it was made of, and how well it does."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from backend.contracts.changed_settings import ChangedSetting
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.metrics import Split
from backend.contracts.start_model import StartState
from backend.contracts.status import RunStatus
from backend.contracts.strategy_configs import StrategyConfig
from backend.contracts.task_definition import SegmentationTask
from backend.evaluations.student_schemas import StudentScore
from backend.record import Record

PartKind = Literal["global", "personalized", "selector"]


class ModelPart(Record):
    """One safetensors file."""

    name: str = Field(
        description="`global`, `personalized/<site slug>`, `selector`, `selector_encoder`, `selector_quality`."
    )
    kind: PartKind
    sha256: str
    num_bytes: int
    url: str


class TrainingData(Record):
    """A data set that the run was started on."""

    site_slug: str
    dataset_id: str
    fingerprint: str
    num_cases: int = Field(description="Of all splits.")
    num_by_split: dict[Split, int] = Field(description="Only `train` is what models are fitted to.")
    held_out: bool
    used_rounds: list[int] = Field(
        description="Rounds, up to that of the models, in which an update of the site was aggregated."
    )
    trained_on: bool = Field(description="Whether an update of the site is in the models.")
    only_in_selector: bool = Field(
        default=False,
        description="The site was added to the selector in closed form: no network was trained on its data.",
    )


class ModelScore(Record):
    """Mean Dice of one model on the test cases of the sites that train, over structures and cases."""

    model: str = Field(description="`global`, `personalized` (of the case's own site) or `super`.")
    dice: float | None
    num_cases: int


class StudentRecord(Record):
    """A run whose one network learned from another run's super model."""

    run_id: str
    experiment_id: str
    experiment_name: str
    status: RunStatus
    round: int | None = Field(description="Its best.")
    num_rounds: int
    temperature: float
    reference_weight: float
    gamma: float | None = Field(description="The threshold of the super model that taught; null where it has none.")
    created_at: datetime
    created_by: str
    scores: list[StudentScore] = Field(description="On test cases; empty until the run is completed.")


class MadeFrom(Record):
    """The registered version that models were made from."""

    version: str = Field(description="`name:number`, as it was then.")
    run_id: str | None = Field(description="Of that version; null where only its name is known.")
    words: str = Field(description="What was made of it, as `fundus:3, with the site maple added to its selector`.")
    trained: bool = Field(default=True, description="False where its networks are that version's as they were.")


class ModelSet(Record):
    run_id: str
    experiment_id: str
    experiment_name: str
    imported: bool = Field(description="It came in as a file; no run of this platform trained it.")
    federation_id: str
    strategy: StrategyConfig
    strategy_label: str
    seed: int
    round: int = Field(description="The best round, from which the models are.")
    num_rounds: int
    chosen_by_validation: bool = Field(
        description="False where no site has validation cases: then it is the last round."
    )
    notes: list[str] = Field(description="What a reader of the scores must know, as of the run.")
    usage: list[str] = Field(description="How to use the files without FedSM Studio, step by step (Markdown).")
    finished_at: datetime
    code_version: str | None = Field(description="Of FedSM Studio, as the run started; null if not kept.")
    task: SegmentationTask
    config: ExperimentConfig
    changed_settings: list[ChangedSetting] = Field(description="Of the experiment and the method; not at defaults.")
    start: StartState | None = Field(description="The models that training began with; null: random weights.")
    made_from: MadeFrom | None = Field(default=None, description="Null: of no registered version.")
    sites: list[str] = Field(description="In site order: the order of the selector's outputs.")
    parts: list[ModelPart]
    data: list[TrainingData]
    scores: list[ModelScore]
    num_bytes: int
    download_url: str


class CurrentModelSet(ModelSet):
    """A set as its run has it now. A download and a registered version hold what never changes."""

    experiment_archived: bool
