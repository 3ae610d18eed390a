"""Request and response bodies of joining."""

from datetime import datetime

from pydantic import Field

from backend.contracts.base import Contract, with_example
from backend.contracts.link import Fingerprint, LinkStatus
from backend.contracts.own_policy import OwnPolicy
from backend.contracts.site_pause import SitePause
from backend.contracts.values import ShortSaid
from backend.record import Record


class AcceptSite(Contract):
    model_config = with_example(fingerprint="3b" * 32)

    fingerprint: Fingerprint


class RevokeSite(Contract):
    model_config = with_example(reason="the workstation was stolen")

    reason: ShortSaid = ""


class SiteLink(Record):
    """Of a real site that was invited."""

    status: LinkStatus
    fingerprint: str | None
    phrase: str | None
    hardware: str | None
    version: str | None
    asked_at: datetime | None
    accepted_at: datetime | None
    accepted_by: str | None
    last_seen_at: datetime | None
    reason: str | None
    invitation_expires_at: datetime | None
    pause: SitePause | None = Field(
        description="Why work of runs waits at the site, by its own policy; null: it does not."
    )
    own_policy: OwnPolicy | None = Field(
        description="What the hospital's own policy allows, as its agent said it last; null: it is not known."
    )
    is_served: bool = Field(description="A credential serves the site, this one or the one that it is to follow.")
