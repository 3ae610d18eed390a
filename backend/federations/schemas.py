"""Request and response bodies of federations."""

from datetime import datetime

from pydantic import Field

from backend.contracts.base import Contract, with_example
from backend.contracts.task_definition import SegmentationTask
from backend.contracts.values import Description, Name
from backend.record import Record
from backend.sites.schemas import SiteRecord


class FederationCreate(Contract):
    model_config = with_example(
        name="Fundus",
        description="Optic disc and cup at four clinics.",
        task={
            "modality": "fundus photography",
            "num_channels": 3,
            "structures": [
                {"name": "optic disc", "label_values": [1, 2]},
                {"name": "optic cup", "label_values": [2]},
            ],
        },
    )

    name: Name
    description: Description = ""
    task: SegmentationTask


class FederationUpdate(Contract):
    model_config = with_example(name="Fundus, five clinics")

    name: Name | None = None
    description: Description | None = None
    archived: bool | None = None


class FederationRecord(Record):
    id: str
    name: str
    description: str
    task: SegmentationTask
    created_at: datetime
    archived_at: datetime | None
    sites: list[SiteRecord]
    num_experiments: int
    num_running: int = Field(description="Experiments with a run under way.")
