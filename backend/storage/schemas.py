"""What lies on the disk, and for whom."""

from datetime import datetime

from pydantic import Field

from backend.artifacts.kinds import Kind
from backend.disk_record import DiskRecord
from backend.record import Record


class BytesByKind(Record):
    """What one holder's files take. A file that several hold counts for each of them."""

    num_files: int
    num_bytes: int
    by_kind: dict[Kind, int] = Field(
        description="Bytes of `states` (models of rounds), `updates` (of the round under way), `images`, "
        "`masks`, `uploads` (images that people tried models on) and `thumbnails`. Kinds that take nothing are absent."
    )


class RunStorage(BytesByKind):
    run_id: str
    strategy_label: str
    seed: int
    kept_rounds: list[int] = Field(description="Whose models are on the disk; round 0 is the initial state.")
    removed_rounds: list[int] = Field(description="Whose models were removed, as the experiment's retention asks.")


class ExperimentStorage(BytesByKind):
    experiment_id: str
    experiment_name: str
    federation_id: str
    retention: str
    runs: list[RunStorage]


class DatasetStorage(BytesByKind):
    dataset_id: str
    dataset_name: str
    site_name: str


class StorageRecord(Record):
    """Everything that the backend keeps as files."""

    num_files: int
    num_bytes: int = Field(description="Each file once.")
    by_kind: dict[Kind, int] = Field(description="Bytes; a file of two kinds counts for both.")
    unowned_bytes: int = Field(
        description="Nobody needs them any more, or an upload is under way: the next sweep looks at them."
    )
    damaged: list[str] = Field(description="SHA-256 of files that are damaged or lost, as the last look found them.")
    disks: list[DiskRecord]
    experiments: list[ExperimentStorage] = Field(description="The largest first.")
    next_after: str | None = Field(
        description="The experiment to give as `after` for smaller ones; null: there are no more."
    )
    datasets: list[DatasetStorage] = Field(description="Thumbnails; the largest first.")
    swept_at: datetime | None = Field(description="When the whole store was last looked through.")
    looked_at: datetime = Field(
        description="When it was looked up who holds what, and what is unowned: now, but where that takes long."
    )


class SweepRecord(Record):
    num_files: int = Field(description="Removed, because nobody owned them.")
    num_bytes: int
    num_leftovers: int = Field(description="Unfinished uploads that were removed.")


class ScrubRecord(Record):
    num_checked: int
    damaged: list[str] = Field(description="SHA-256 of files whose bytes are not whole.")
    lost: list[str] = Field(description="SHA-256 of files that are not there any more.")


class SentRecord(Record):
    """What left a site before its policy forbade it. It is hidden; here it can be deleted."""

    site_id: str
    num_thumbnails: int = Field(description="Cases with a thumbnail that may not be shown any more.")
    num_images: int = Field(description="Test cases with an image or reference that may not be shown any more.")
    num_predictions: int = Field(description="Masks of test cases that may not be shown any more.")
    num_report_pictures: int = Field(description="Pictures of cases in reports that may not be shown any more.")


class DepartureRecord(Record):
    """One sort of thing that left a site for one run or data set."""

    id: str
    what: str = Field(description="In words, and what of it is still kept here.")
    to: str = Field(description="In words, who receives it.")
    of: str = Field(description="The run with its experiment, the data set, or the report.")
    dataset_id: str | None
    run_id: str | None
    experiment_id: str | None
    num_times: int = Field(description="Rounds of a run, checks of a data set.")
    num_bytes: int | None = Field(description="That the site sent in all; null where nobody counted.")
    first_at: datetime
    last_at: datetime


class SiteDepartures(Record):
    """What left a site, by data set, run and report, the latest first. What belonged to a deleted experiment or data
    set went with it."""

    site_id: str
    site_name: str
    federation_id: str
    entries: list[DepartureRecord]
    next_after: str | None = Field(
        description="The data set, run or report to give as `after` for what left earlier; null: nothing did."
    )
