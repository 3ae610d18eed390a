"""Request and response bodies of sites."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from backend.contracts.base import Contract, with_example
from backend.contracts.datasets import SitePolicy
from backend.contracts.hardware_problems import Gpus
from backend.contracts.metrics import Split
from backend.contracts.task_kinds import TaskKind
from backend.contracts.values import Description, Name, Slug, Text
from backend.record import Record
from backend.sites.enrolment.schemas import SiteLink

Contact = Annotated[str, Text(200)]
SiteKind = Literal["simulated", "real"]
SiteState = Literal["online", "busy", "offline"]


class SiteCreate(Contract):
    model_config = with_example(name="Aster clinic", slug="aster-clinic", kind="simulated")

    name: Name
    slug: Slug | None = Field(default=None, description="Made from the name when left out. Never changes afterwards.")
    kind: SiteKind = Field(
        default="simulated",
        description="simulated: served by the central workers; real: by the hospital's own worker.",
    )
    description: Description = ""
    contact: Contact = Field(default="", description="Whom to ask about the site's data.")
    policy: SitePolicy | None = Field(
        default=None,
        description=(
            "What may run at the site, and what may leave it. Left out: of a simulated site everything may leave, of a "
            "real one no picture, mask or hash."
        ),
    )


class SiteUpdate(Contract):
    model_config = with_example(
        name="Aster eye clinic", policy={"may_send_images": False, "may_send_hashes": True, "minimum_count": 10}
    )

    name: Name | None = Field(default=None, description="Left out: unchanged.")
    description: Description | None = None
    contact: Contact | None = None
    archived: bool | None = Field(
        default=None,
        description="An archived site is left out of new experiments and of statistics; runs under way go on with it.",
    )
    policy: SitePolicy | None = Field(
        default=None,
        description=(
            "The whole new policy; left out: unchanged. What a check or a run has sent before stays where it is; check "
            "the site's data sets again to withdraw thumbnails and hashes."
        ),
    )


class SiteTask(BaseModel):
    """Work that is under way at a site."""

    kind: TaskKind
    started_at: datetime | None
    fraction: float
    round: int | None = Field(description="Of a run.")
    num_rounds: int | None
    run_label: str | None = Field(description="The run's method and seed.")
    run_id: str | None
    experiment_id: str | None
    dataset_id: str | None


class SiteRecord(Record):
    id: str
    federation_id: str
    slug: str
    name: str
    description: str
    contact: str
    archived_at: datetime | None
    kind: SiteKind
    position: int = Field(description="Site order: the order of colours and of sums.")
    state: SiteState
    unserved: str | None = Field(
        description="In words, why nothing happens at the site and how to start it; null while a worker serves it."
    )
    last_seen_at: datetime | None = Field(description="When a worker that serves the site last gave a sign of life.")
    hardware: str | None
    gpus: Gpus = Field(description="How many of the workers that serve the site have a GPU.")
    queue: str = Field(description="The queue of its work: a worker that lists it serves the site.")
    tasks: list[SiteTask] = Field(description="What it is doing now.")
    policy: SitePolicy
    link: SiteLink | None = Field(description="How a real site joined, or is about to; null: it was never invited.")
    num_cases: dict[Split, int] = Field(description="Used cases by split, over the site's ready data sets.")
