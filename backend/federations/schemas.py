"""Request and response bodies of federations and their sites."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from backend.contracts.base import Contract, with_example
from backend.contracts.datasets import SitePolicy
from backend.contracts.metrics import Split
from backend.contracts.task_definition import SegmentationTask

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$")]
SiteKind = Literal["simulated", "real"]
SiteState = Literal["online", "busy", "offline"]


class Record(BaseModel):
    """A response body, read from a row."""

    model_config = ConfigDict(from_attributes=True)


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
    description: str = Field(default="", max_length=2000)
    task: SegmentationTask


class FederationUpdate(Contract):
    model_config = with_example(name="Fundus, five clinics")

    name: Name | None = None
    description: str | None = Field(default=None, max_length=2000)
    archived: bool | None = None


class SiteCreate(Contract):
    model_config = with_example(name="Aster clinic", slug="aster-clinic", kind="simulated")

    name: Name
    slug: Slug | None = Field(default=None, description="Made from the name when left out. Never changes afterwards.")
    kind: SiteKind = Field(
        default="simulated",
        description="simulated: served by the central workers; real: by the hospital's own worker.",
    )
    policy: SitePolicy = Field(default=SitePolicy(), description="What may leave the site.")


class SiteUpdate(Contract):
    model_config = with_example(
        name="Aster eye clinic", policy={"may_send_images": False, "may_send_hashes": True, "minimum_count": 10}
    )

    name: Name | None = Field(default=None, description="Left out: unchanged.")
    policy: SitePolicy | None = Field(
        default=None,
        description=(
            "The whole new policy; left out: unchanged. What a check or a run has sent before stays where it is; check "
            "the site's data sets again to withdraw thumbnails and hashes."
        ),
    )


class SiteRecord(Record):
    id: str
    federation_id: str
    slug: str
    name: str
    kind: SiteKind
    position: int = Field(description="Site order: the order of colours and of sums.")
    state: SiteState
    last_seen_at: datetime | None
    hardware: str | None
    policy: SitePolicy
    num_cases: dict[Split, int] = Field(description="Used cases by split, over the site's ready data sets.")


class FederationRecord(Record):
    id: str
    name: str
    description: str
    task: SegmentationTask
    created_at: datetime
    archived_at: datetime | None
    sites: list[SiteRecord]
    num_experiments: int
