from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from backend.contracts.audit import HeadsSeen
from backend.db.base import Base, ContractJson


class SiteHead(Base):
    """What a hospital said of both records at a time, signed with its key: the hub cannot make it up."""

    __tablename__ = "site_head"

    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    site_number: Mapped[int] = mapped_column(BigInteger)
    site_hash: Mapped[str]
    hub_number: Mapped[int | None] = mapped_column(BigInteger)
    hub_hash: Mapped[str | None]
    said: Mapped[HeadsSeen] = mapped_column(ContractJson(HeadsSeen))
    public_key: Mapped[str]
