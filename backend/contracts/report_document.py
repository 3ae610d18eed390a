"""What a report says: a frozen copy of an experiment's results, in the order and words in which it is read.

Both renderings, the page and the PDF, are made of this document alone, so that they cannot say different things.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal, Self

from pydantic import Field

from backend.contracts.artifacts import Sha256
from backend.contracts.base import Contract
from backend.contracts.changed_settings import ChangedSetting
from backend.contracts.metrics import ModelKind, ScoreName
from backend.contracts.status import RunStatus
from backend.contracts.task_definition import SegmentationTask

SiteRole = Literal["trains", "held out", "no data"]
PictureRank = Literal["worst", "median", "best"]
PICTURE_RANKS: tuple[PictureRank, ...] = ("worst", "median", "best")


class ReportSite(Contract):
    slug: str
    name: str
    position: int = Field(description="Site order, which is the order of colours.")
    role: SiteRole
    num_cases: dict[str, int | None] = Field(
        description="By split, of the data the runs used; null where the site's policy states no number so small."
    )
    minimum_count: int


class ReportRun(Contract):
    seed: int
    status: RunStatus
    best_round: int | None
    num_rounds: int
    code_version: str | None = Field(default=None, description="Of FedSM Studio, as the run started; null if not kept.")
    seconds: float | None
    failure: str | None


class ReportMethod(Contract):
    label: str
    settings: tuple[ChangedSetting, ...]
    runs: tuple[ReportRun, ...]


class ReportCell(Contract):
    """Mean over cases, then mean and standard deviation over seeds; the rest against the baseline, if there is one."""

    mean: float | None
    std: float | None = None
    text: str | None = Field(default=None, description="The mean as printed; null in reports of before.")
    deviation: str | None = Field(default=None, description="The deviation as printed.")
    lacks: str | None = Field(default=None, description="Cases that this mean lacks, so that it is not compared.")
    best: bool = False
    num_cases: int | None = Field(default=None, description="Null where the site's policy withholds it.")
    num_misses: int = 0
    num_missing: int | None = Field(
        default=0, description="Cases without the structure in either mask; null where the site's policy withholds it."
    )
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = Field(default=None, description="Adjusted by Holm's method.")
    difference_text: str | None = Field(
        default=None, description="With its sign, as printed; null in reports of before."
    )
    interval_text: str | None = Field(default=None, description="Of the difference, as printed.")


class ReportRow(Contract):
    label: str
    model: ModelKind
    cells: tuple[ReportCell, ...] = Field(description="One a column.")


class ReportTable(Contract):
    """Methods x sites for one metric and structure. Column None: the cases of all sites that train, pooled."""

    metric: ScoreName
    title: str
    unit: str | None
    higher_is_better: bool
    structure: str | None = Field(description="None: the mean over structures.")
    columns: tuple[str | None, ...]
    rows: tuple[ReportRow, ...]


class ReportBaseline(Contract):
    label: str
    model: ModelKind
    test: str
    confidence: float


class ReportMatrix(Contract):
    """Every model of one run on every site's test cases."""

    run_label: str
    seed: int
    round: int
    columns: tuple[str | None, ...]
    models: tuple[str, ...] = Field(description="`global`, `personalized/<site>`, `own` (oracle routing), `super`.")
    means: tuple[tuple[float | None, ...], ...]


class ReportSelector(Contract):
    """What the model selector of one run did, as shares of each site's test cases."""

    run_label: str
    seed: int
    round: int
    gamma: float
    accuracy: float | None
    share_global: float
    sites: tuple[str, ...]
    rows: tuple[str, ...] = Field(description="Whose cases: the sites that train, then those held out.")
    chosen: tuple[tuple[float, ...], ...] = Field(description="Row's share of cases whose most probable site it is.")
    sweep: tuple[tuple[float, float], ...] = Field(description="Gamma and the super model's mean Dice at it.")


class ReportEffort(Contract):
    """What the whole training of a method's model took; null where it was not counted."""

    label: str
    model: ModelKind
    num_rounds: float
    steps: float | None
    steps_fewest: float | None = Field(description="Of the site whose model takes the fewest.")
    steps_most: float | None
    images: float | None
    seconds: float | None
    bytes: float | None


class ReportGapRow(Contract):
    """A level of the stairs from centralized training to the method, or what lies between two of them."""

    kind: Literal["level", "term", "total", "outside"]
    label: str
    short: str = Field(description="The label as it stands at the picture.")
    words: str = Field(description="Of a level whose it is, of a term what it says.")
    values: tuple[float | None, ...] = Field(description="One a column: a level's mean, or a term's loss.")
    texts: tuple[str, ...] = Field(description="As printed.")
    intervals: tuple[str, ...] = Field(description="As printed; empty for none.")
    lows: tuple[float | None, ...] = Field(description="Ends of the intervals; null for none.")
    highs: tuple[float | None, ...]


class ReportGap(Contract):
    """Where a method's Dice is lost against centralized training, and won back."""

    label: str
    columns: tuple[str | None, ...] = Field(description="Column None: the cases of all sites that train.")
    rows: tuple[ReportGapRow, ...] = Field(description="Levels and terms in turn, the gap, what is outside it.")
    missing: tuple[str, ...] = Field(description="Terms that are not known alone, and how to get them.")
    words_of_seeds: str
    confidence: float


class ReportPicture(Contract):
    """A test case's image with the outlines of its reference and of the prediction."""

    rank: PictureRank
    passed_over: bool = Field(description="The case of that rank has no picture: this is the next one that has.")
    site_slug: str
    site_id: str = Field(description="Whose policy lets it be shown.")
    name: str | None = Field(description="Of the case; null once its site's policy lets it be shown no more.")
    dice: float
    dice_text: str = Field(description="As printed.")
    chosen_model: str | None = Field(description="Which model the super model used; null for other models.")
    slice: int | None = Field(description="Of a volume the axial slice, counted from 1.")
    picture: Sha256 | None = Field(default=None, description="The JPEG; null as `name`.")


class ReportPictures(Contract):
    """The worst, the median and the best test case by Dice of one model, of the sites that train."""

    run_label: str
    seed: int
    model: ModelKind
    cases: tuple[ReportPicture, ...] = Field(description="Fewer than three where fewer have a picture.")

    def without(self, site_ids: Collection[str]) -> Self:
        """Without the pictures and names of these sites' cases."""
        hidden = {"name": None, "picture": None}
        cases = (case.model_copy(update=hidden) if case.site_id in site_ids else case for case in self.cases)
        return self.model_copy(update={"cases": tuple(cases)})


class ReportCurve(Contract):
    label: str
    seed: int
    model: str
    points: tuple[tuple[int, float], ...] = Field(
        description="Round and validation Dice, weighted over sites by cases."
    )


class Report(Contract):
    """One experiment as it was when the report was made."""

    format: Literal[1] = 1
    title: str
    note: str
    experiment_id: str
    experiment_name: str
    description: str
    federation_name: str
    frozen_at: datetime
    frozen_by: str
    version: str = Field(description="Of FedSM Studio.")
    checkpoint: Literal["best", "last"]
    task: SegmentationTask
    sites: tuple[ReportSite, ...]
    methods: tuple[ReportMethod, ...]
    settings: tuple[ChangedSetting, ...]
    config: dict[str, Any] = Field(description="The whole configuration, from which the experiment can be repeated.")
    experiment_file: str | None = Field(
        default=None, description="YAML from which the same runs are made again; null in reports of before."
    )
    fingerprints: dict[str, tuple[str, ...]] = Field(description="Site to SHA-256 fingerprints of its data sets.")
    baseline: ReportBaseline | None
    verdict: tuple[str, ...] = Field(default=(), description="What came out, in sentences; empty in reports of before.")
    tables: tuple[ReportTable, ...] = Field(description="The one that the verdict is made of first.")
    matrix: ReportMatrix | None
    selector: ReportSelector | None
    efforts: tuple[ReportEffort, ...] = Field(default=(), description="Empty in reports of before.")
    gap: ReportGap | None = Field(default=None, description="Null without a federated method; reports of before.")
    pictures: ReportPictures | None = Field(
        default=None, description="Null where no case has one, and in reports of before."
    )
    curves: tuple[ReportCurve, ...]
    remarks: tuple[str, ...] = Field(description="What limits the results, in sentences.")
