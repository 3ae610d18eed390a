"""Bodies of requests and answers about reports."""

from datetime import datetime

from pydantic import Field

from backend.contracts.base import Contract, with_example
from backend.contracts.metrics import ModelKind
from backend.contracts.report_document import Report
from backend.contracts.values import Label, Note, Title
from backend.evaluations.schemas import Checkpoint
from backend.record import Record


class ReportCreate(Contract):
    model_config = with_example(
        title="FedSM at four clinics", note="For the consortium's meeting.", expires_days=90, baseline="FedAvg"
    )

    title: Title = Field(default="", description="Left out: the experiment's name.")
    note: Note = Field(default="", description="What the author says to the readers; it stands above the results.")
    expires_days: int | None = Field(
        default=None, ge=1, le=3650, description="Days until the link stops working. Left out: it never does."
    )
    checkpoint: Checkpoint = "best"
    baseline: Label | None = Field(
        default=None,
        description="Label of the method that the others are compared with. Left out: FedAvg, where there is one.",
    )
    baseline_model: ModelKind | None = Field(default=None, description="Left out: the model its method is for.")
    pictures: bool = Field(
        default=True,
        description="Whether it shows the worst, the median and the best test case with their names, of sites whose "
        "policy lets images and predictions leave.",
    )


class ReportRecord(Record):
    """A report's link. Everybody who has the link reads the report, and nothing else, without signing in."""

    id: str
    experiment_id: str
    title: str
    path: str = Field(description="Of the page, below the address of the platform.")
    pdf_path: str
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    opened_at: datetime | None = Field(description="Last opened by somebody, its author among them.")
    num_opened: int


class SharedReport(Record):
    """What the link shows."""

    expires_at: datetime | None
    pdf_path: str
    report: Report
