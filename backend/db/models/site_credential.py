from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from backend.contracts.own_policy import OwnPolicy
from backend.contracts.site_pause import SaidPause
from backend.db.base import Base, ContractJson, new_id


class SiteCredential(Base):
    """A site's public key. Its status: `pending` until a person accepts it, `active`, `stopped` because two copies of
    it were seen, `ended` for good: revoked, refused, or followed by another.

    fingerprint: the SHA-256 of the key. phrase: the six words of it and the hub's key. renewal_number and
    renewal_sha256: of the last poll, and the hash of its secret. accepted_at: None for one that no person ever
    accepted. pause, paused_at: why work of runs waits at the site, as its agent said it last, and since when.
    own_policy: what the site's own policy file allows, as its agent said it last.
    """

    __tablename__ = "site_credential"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"), index=True)
    public_key: Mapped[str]
    fingerprint: Mapped[str] = mapped_column(unique=True)
    phrase: Mapped[str]
    status: Mapped[str]
    hardware: Mapped[str]
    version: Mapped[str]
    created_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    accepted_by: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    last_seen_at: Mapped[datetime | None]
    renewal_number: Mapped[int | None]
    renewal_sha256: Mapped[str | None]
    pause: Mapped[SaidPause | None] = mapped_column(ContractJson(SaidPause))
    paused_at: Mapped[datetime | None]
    own_policy: Mapped[OwnPolicy | None] = mapped_column(ContractJson(OwnPolicy))
