"""Response bodies of runs, their tasks, metrics and cases."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from backend.contracts.base import Contract, with_example
from backend.contracts.best_round import BestRound
from backend.contracts.failures import FailureKind
from backend.contracts.metrics import DistanceUnit, MetricName, ModelKind, ScoreName, Split
from backend.contracts.run_length import EarlyStop, Extension
from backend.contracts.site_pause import SitePause
from backend.contracts.status import RunStatus, TaskStatus
from backend.contracts.strategy_configs import StrategyConfig
from backend.contracts.task_kinds import TaskKind
from backend.contracts.unlikeness import UNLIKE_DESCRIPTION, UNLIKENESS_DESCRIPTION
from backend.record import Record
from backend.runs.wait_reasons import WaitReason


class TaskFailure(Record):
    """Why a task failed, and what to do. Its id is the correlation id in the worker's log."""

    kind: FailureKind
    title: str = Field(description="The kind in a few words.")
    cause: str = Field(description="In plain words.")
    remedy: str
    participant: str = Field(description="A site, `pooled`, or `coordinator`.")
    round: int
    task_id: str
    task_kind: TaskKind
    attempt: int
    worker: str | None
    at: datetime | None


class WaitedFor(Record):
    """A participant whose work the present step of a run waits for longer than usual."""

    participant: str = Field(description="A site, `pooled`, or `coordinator`.")
    task_kind: TaskKind
    round: int
    reason: WaitReason = Field(
        description="offline: no worker that serves it is online; not_begun: its worker is online and idle, and does "
        "not take the task; working: it works, and takes longer than it should; not_approved: the hospital has "
        "not decided yet whether it takes part; paused: the hospital lets it wait, by its own policy."
    )
    since: datetime
    goes_on_at: datetime | None = Field(
        description="When the run goes on without it; null: not before it is there, or its quorum is reached."
    )
    needed: bool = Field(description="Without it there is no quorum.")
    pause: SitePause | None = Field(description="Why the hospital lets it wait; null where it does not.")


class RunRecord(Record):
    id: str
    experiment_id: str
    strategy: StrategyConfig
    strategy_label: str = Field(description="'FedSM', or 'FedSM (lambda 0.5)' where the experiment has several.")
    seed: int
    status: RunStatus
    round: int = Field(description="The round under way, or the last one finished.")
    num_rounds: int
    num_finished_rounds: int = Field(
        description="Rounds that are finished, without the one under way: the run goes on after them."
    )
    end_refusal: str | None = Field(
        description="Why its training cannot be ended where it stands, with the remedy; null where it can."
    )
    sites: list[str] = Field(description="Slugs of the sites that train, or whose data does; empty until it started.")
    best_round: int | None
    best_dice: float | None = Field(
        description="Validation Dice of the best round; null where nobody has validation cases and the last was taken."
    )
    gamma: float | None = Field(
        description="The threshold of the super model that the best round used: as it was set, or as validation cases "
        "chose it. Null for other methods, for soft routing, and until validation has chosen it."
    )
    compared: BestRound | None = Field(description="What the best round was compared on; null of runs of before.")
    notes: list[str] = Field(
        description="What a reader of its numbers must know, in words: sites or rounds that were not compared."
    )
    failure: str | None = Field(description="The cause in plain words, with site, round and task.")
    failures: list[TaskFailure] = Field(description="The same, site by site, each with its remedy.")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    waits_for: list[WaitedFor] = Field(description="Who is absent or late; empty where all are at work.")
    eta_seconds: float | None = Field(description="Null where nobody can say, as while a site that is needed is away.")
    early_stop: EarlyStop | None = Field(description="Set where training ended before its planned rounds.")
    extensions: list[Extension] = Field(description="More rounds that the run was given after its end.")


class RunExtend(Contract):
    model_config = with_example(rounds=200)

    rounds: int = Field(ge=2, le=1000, description="How many rounds the run has in the end: more than it has now.")


class ExtensionPreview(Record):
    """What giving a completed run more rounds would do."""

    rounds: int
    from_round: int = Field(description="The run's last round now: the first new one is the next.")
    exact: bool = Field(
        description="The settings give the result, to the bit, of a run that was started with all its rounds, where "
        "every site still keeps its optimizer's state."
    )
    notes: list[str] = Field(description="What goes on, what is replaced and what stays, in words.")
    problem: str | None = Field(description="Why it cannot be done, with the remedy; null if it can.")


class TaskRecord(Record):
    """One cell of the swim-lane."""

    id: str
    kind: TaskKind
    round: int
    participant: str
    status: TaskStatus
    attempt: int
    fraction: float
    worker: str | None
    error: str | None
    failure_kind: FailureKind | None = Field(description="Of a task that failed.")
    created_at: datetime
    sent_at: datetime = Field(description="When it was queued last.")
    started_at: datetime | None
    finished_at: datetime | None
    seconds: float | None
    transfer_seconds: float | None = Field(description="Of `seconds`, spent on downloads and uploads.")
    bytes_up: int | None
    bytes_down: int | None
    num_dropped: int = Field(description="Log lines and other events of it beyond its quota, which were dropped.")


class TaskDetail(TaskRecord):
    """A task with why it failed, and whether it can be sent again."""

    failure: TaskFailure | None
    detail: str | None = Field(description="The traceback of the failure.")
    rerun_problem: str | None = Field(description="Why it cannot be rerun; null if it can.")


class CurveSeries(Record):
    """One line of a chart, by round. A later answer's value replaces an earlier one's."""

    site_slug: str = Field(description="Or `pooled`.")
    model: ModelKind
    split: Split
    name: MetricName
    rounds: list[int]
    values: list[float]
    num_cases: list[int] = Field(description="Of each value; sites are weighed by it.")


class RunCurves(Record):
    last_id: int = Field(description="Ask with it as `after` for what is newer.")
    series: list[CurveSeries]


class MetricRecord(Record):
    id: int
    round: int
    site_slug: str = Field(description="Or `pooled`.")
    model: ModelKind
    split: Split
    name: MetricName
    structure: str | None
    value: float
    num_cases: int


#: Training cases are scored one by one nowhere.
CaseSplit = Literal["test", "val"]


class ScoredCase(Record):
    """One case of a run's best round: a row of the viewer's list. Of a validation case no image and no mask is here."""

    case_id: str
    name: str
    site_slug: str
    dice: dict[str, dict[str, float | None]] = Field(
        description="Model (`global`, `personalized/<site>`, `super`) to structure to Dice."
    )
    scores: dict[str, dict[str, dict[ScoreName, float | None]]] = Field(
        description="Model to structure to metric to value; null as the missing rules say."
    )
    distance_unit: DistanceUnit = Field(description="Of distances.")
    probabilities: dict[str, float] | None
    chosen_model: str | None
    unlikeness: float | None = Field(description=UNLIKENESS_DESCRIPTION)
    unlike: str | None = Field(description=UNLIKE_DESCRIPTION)
    image_url: str | None
    reference_url: str | None
    thumbnail_url: str | None
    predictions: dict[str, str] = Field(description="Model (also `super`) to the URL of its gzipped NIfTI mask.")


class RunCases(Record):
    run_id: str
    round: int
    split: CaseSplit = Field(description="Of the cases.")
    num_validation: int = Field(
        description="Validation cases that can be listed: of runs whose sites let scores of single cases leave."
    )
    structures: list[str] = Field(description="Structure i is bit 2**i of every mask volume.")
    models: list[str]
    cases: list[ScoredCase]


class StatePart(Record):
    name: str
    sha256: str
    num_bytes: int | None = Field(description="Null where the round's files were removed.")
    url: str | None = Field(description="Null where the round's files were removed.")


class RunRoundState(Record):
    """The parts of a run's state after a round; round 0 is the initial state."""

    round: int
    removed_at: datetime | None = Field(
        description="When its files were removed, as the experiment's retention asks; the hashes stay as a record."
    )
    parts: list[StatePart]
