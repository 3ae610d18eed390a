from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.contracts.consent import SignedConsent
from backend.db.base import Base, ContractJson, new_id


class SiteConsent(Base):
    """A site's last decision on terms, as the site signed it. public_key: of the key that did, as it was then."""

    __tablename__ = "site_consent"
    __table_args__ = (UniqueConstraint("site_id", "terms_sha256"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"))
    terms_sha256: Mapped[str]
    decision: Mapped[str]
    decided_at: Mapped[datetime]
    received_at: Mapped[datetime]
    signed: Mapped[SignedConsent] = mapped_column(ContractJson(SignedConsent))
    public_key: Mapped[str]
