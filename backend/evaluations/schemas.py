"""Response bodies of results: tables, comparisons, the personalization matrix and earlier rounds."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from backend.contracts.metrics import DistanceUnit, ModelKind, ScoreName
from backend.evaluations.effort.schemas import MethodEffort, Remark
from backend.evaluations.student_schemas import StudentCost
from backend.record import Record

#: Which round of each run: the one that validation chose, or the last.
Checkpoint = Literal["best", "last"]
#: Of a table's rows by one column.
SortOrder = Literal["best", "worst"]


class LackingCases(Record):
    """Test cases that a mean should be of and is not: of a site whose test failed, or that this run did not have."""

    num_tested: int
    num_expected: int
    without: list[str] = Field(description="Slugs of the sites, of several, that were not tested at all.")
    without_names: list[str] = Field(description="The same sites' names.")

    @property
    def words(self) -> str:
        """`7 of 9 cases, without Clinic C`."""
        return ", ".join([f"{self.num_tested} of {self.num_expected} cases", *self._absent])

    @property
    def stated_words(self) -> str:
        """Without numbers, for readers to whom a site's policy states none."""
        return " and ".join(self._absent) or "not all cases"

    @property
    def _absent(self) -> list[str]:
        return [f"without {', '.join(self.without_names)}"] if self.without_names else []


class ResultCell(Record):
    """One method's model on one site's test cases: the mean over cases, then over seeds."""

    strategy_label: str
    model: ModelKind = Field(description="`personalized` is the model of the site in the same row (oracle routing).")
    metric: ScoreName
    site_slug: str | None = Field(description="None: the cases of all sites that train, pooled.")
    unseen: bool = Field(description="The site was held out of the federation.")
    structure: str | None = Field(description="None: the mean over structures.")
    mean: float | None
    std: float | None = Field(description="Standard deviation over seeds; None with one seed.")
    num_cases: int = Field(description="Of the seed with the most.")
    num_fewest: int = Field(description="Of the seed with the fewest.")
    lacks: LackingCases | None = Field(
        description="Where a run was not tested on every case of its column, of the run that lacks most: such a mean "
        "is not to be compared with the others."
    )
    num_missing: int = Field(description="Cases without the structure in either mask.")
    num_misses: int = Field(
        description="Cases that have no value although a mask holds the structure: hd95 and assd where the other mask "
        "is empty, precision without a prediction, sensitivity and volume_difference without a reference. They are not "
        "in the mean: read both."
    )
    num_seeds: int


class ConfusionRow(Record):
    site_slug: str
    chosen: dict[str, int] = Field(description="Most probable site to number of test cases.")


class SelectorResult(Record):
    """Of the cases of the sites that train; a site held out has no right answer."""

    run_id: str
    strategy_label: str
    seed: int
    accuracy: float | None
    share_global: float | None
    num_cases: int
    confusion: list[ConfusionRow]


class ComparisonCell(Record):
    """A method's model against the baseline on the test cases of one site. `difference` is its mean less the
    baseline's, over the cases that both have a value for."""

    strategy_label: str
    model: ModelKind
    site_slug: str | None = Field(description="None: the cases of all sites that train, pooled.")
    unseen: bool
    num_pairs: int = Field(description="n of the test: cases with a value of both.")
    num_zero: int = Field(description="Of these, cases without a difference.")
    num_seeds: int = Field(description="Seeds that both have, over which scores are averaged and intervals drawn.")
    num_left_out: int = Field(description="Cases that one of both has no value for.")
    mean: float | None
    baseline_mean: float | None
    difference: float | None
    difference_text: str = Field(description="The difference as it is printed everywhere; a dash for none.")
    low: float | None = Field(
        description="Ends of the interval of the difference, over seeds and cases; None for fewer than two cases."
    )
    high: float | None
    interval_text: str | None = Field(description="The interval as it is printed everywhere: `[+0.064, +0.102]`.")
    p: float | None
    p_holm: float | None = Field(description="p adjusted for the methods compared on this site.")
    decidable: bool = Field(
        description="Whether any scores of this number of cases, with this number of methods compared, could show a "
        "significant difference."
    )
    method: Literal["exact", "normal"] | None = Field(description="How p was found.")


class Comparison(Record):
    """Paired tests of every method against one: cases are the unit, their scores averaged over seeds first."""

    experiment_id: str
    metric: ScoreName
    checkpoint: Checkpoint
    structure: str | None
    baseline_label: str
    baseline_model: ModelKind
    higher_is_better: bool
    test: str = Field(description="The test in words.")
    confidence: float
    num_resamples: int
    words_of_seeds: str = Field(description="What this number of seeds allows one to say, of the cell with the fewest.")
    cells: list[ComparisonCell]


class ShownColumn(Record):
    key: str = Field(description="`all`, `worst` or `site/<slug>`; what `sort` takes.")
    site_slug: str | None = Field(description="None for the columns of several sites.")
    unseen: bool


class ShownCell(Record):
    """`score` is None where the method has nothing there. In the column `worst` it is that of the worst site, and None
    where a site that trains was not tested on all of its cases: another one might be the worst."""

    score: ResultCell | None
    text: str = Field(description="The mean as it is printed everywhere; a dash for none.")
    deviation: str | None = Field(description="The standard deviation over seeds as it is printed.")
    lacks: str | None = Field(
        description="Why this number is not compared with its column's others: `7 of 9 cases, without Clinic C`."
    )
    best: bool = Field(
        description="Best of its column, as the numbers are printed, among those over the same cases; ties are marked."
    )
    difference: ComparisonCell | None = Field(description="Against the baseline, where one was asked for.")


class ShownRow(Record):
    strategy_label: str
    model: ModelKind
    cells: list[ShownCell] = Field(description="One a column, in their order.")
    effort: MethodEffort | None = Field(default=None, description="What its training took; null: not counted.")
    student: StudentCost | None = Field(
        default=None, description="Of a super model's row: what its student costs in Dice; null: it has none."
    )


class StructureTable(Record):
    """The rows of one structure, without differences."""

    structure: str | None = Field(description="None: the mean over structures.")
    rows: list[ShownRow]


class ExperimentResults(Record):
    """Cells exist for every strategy x reported model x site x structure; `tables` are what is made of them."""

    experiment_id: str
    metric: ScoreName
    checkpoint: Checkpoint
    higher_is_better: bool
    unit: DistanceUnit | Literal["mixed"] | None = Field(description="Of distances; the other metrics have none.")
    nsd_tolerance: float = Field(description="Of nsd, in mm, or in px for images without spacing.")
    structures: list[str]
    sites: list[str] = Field(description="Those that train in site order, then those held out.")
    unseen_sites: list[str] = Field(description="Held out: tested on, never trained on.")
    cells: list[ResultCell]
    columns: list[ShownColumn] = Field(description="Of each of `tables`.")
    tables: list[StructureTable] = Field(description="Of every structure, and of their mean.")
    selectors: list[SelectorResult]
    complete: bool = Field(description="False while a run is still going: the table holds what is finished.")
    notes: list[str] = Field(
        description="What must be known before its numbers are compared, in sentences: those of `remarks` among them."
    )
    remarks: list[Remark] = Field(description="What must be known of the methods' training, as data.")
    words_of_seeds: str = Field(description="What the fewest seeds of a method allow one to say.")


class AllResults(Record):
    """Every metric's table, as the JSON export has it."""

    experiment_id: str
    name: str
    results: list[ExperimentResults]


class ShownTable(Record):
    """One metric and structure as the results screen shows it: same columns, same order of rows."""

    experiment_id: str
    metric: ScoreName
    checkpoint: Checkpoint
    structure: str | None = Field(description="None: the mean over structures.")
    higher_is_better: bool
    unit: DistanceUnit | Literal["mixed"] | None
    nsd_tolerance: float
    complete: bool
    baseline_label: str | None
    baseline_model: ModelKind | None
    test: str | None = Field(description="The paired test in words, where there is a baseline.")
    columns: list[ShownColumn]
    rows: list[ShownRow]
    notes: list[str] = Field(
        description="What must be known before its numbers are compared, in sentences: those of `remarks` among them."
    )
    remarks: list[Remark] = Field(description="What must be known of the methods' training, as data.")
    words_of_seeds: str = Field(description="What the fewest seeds of a method allow one to say.")
    minimum_counts: dict[str, int] = Field(
        description="Site to the smallest number of cases that its policy lets be stated outside, as in the caption."
    )


class DataProvenance(Record):
    site_slug: str
    fingerprint: str = Field(description="SHA-256 over cases, files, splits and labels, as the runs had them.")


class ExperimentProvenance(Record):
    """What a reader needs to find the same numbers again."""

    experiment_id: str
    created_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None = Field(description="When its last run ended; null while one is left.")
    code_versions: list[str] = Field(
        description="Of FedSM Studio, as each run started; more than one where it was updated in between."
    )
    data: list[DataProvenance] = Field(description="Empty before a run has started.")


class MatrixCell(Record):
    site_slug: str | None = Field(description="None: the cases of all sites that train, pooled.")
    mean: float | None
    text: str = Field(description="The mean as it is printed everywhere; a dash for none.")
    best: bool = Field(description="Best of its column, as the numbers are printed; ties are marked.")
    num_cases: int
    num_missing: int
    num_misses: int


class MatrixRow(Record):
    model: str = Field(
        description="`global`, `personalized/<site>`, `super`; `own`: each case by its own site's model, as if the "
        "site were known (oracle routing)."
    )
    cells: list[MatrixCell]


class RunMatrix(Record):
    """The personalization matrix: every model on every site's test cases."""

    run_id: str
    round: int
    metric: ScoreName
    checkpoint: Checkpoint
    structure: str | None
    higher_is_better: bool
    sites: list[str]
    unseen_sites: list[str]
    rows: list[MatrixRow]


class PastModel(Record):
    """A model of an earlier round on one case."""

    dice: dict[str, float | None] = Field(description="By structure.")
    mask_url: str | None = Field(description="Null where the site let no prediction leave.")


class PastRound(Record):
    round: int
    chosen_model: str | None = Field(description="What the super model used in this round.")
    models: dict[str, PastModel] = Field(description="`super`, `global`, `personalized/<site>`, `mixture`.")


class CaseRounds(Record):
    case_id: str
    site_slug: str
    rounds: list[PastRound]


class RunHistory(Record):
    """How the predictions of a few test cases grew over the rounds."""

    run_id: str
    best_round: int | None
    rounds: list[int]
    cases: list[CaseRounds]
