from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.contracts.datasets import SitePolicy
from backend.db.base import Base, ContractJson, new_id


class Site(Base):
    """One institution. `position` is the site order: of colours, and of sums."""

    __tablename__ = "site"
    __table_args__ = (
        UniqueConstraint("federation_id", "slug"),
        UniqueConstraint("federation_id", "position"),
        # A real site's queue is named by its slug alone, so two federations cannot share one.
        Index(
            "uq_site_real_slug",
            "slug",
            unique=True,
            sqlite_where=text("kind = 'real'"),
            postgresql_where=text("kind = 'real'"),
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    federation_id: Mapped[str] = mapped_column(ForeignKey("federation.id"))
    slug: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str]
    position: Mapped[int]
    created_at: Mapped[datetime]
    description: Mapped[str] = mapped_column(default="", server_default=text("''"))
    contact: Mapped[str] = mapped_column(default="", server_default=text("''"))
    archived_at: Mapped[datetime | None]
    #: None: never set, so the policy of the contract holds. Read it with `backend.sites.service.policy_of`.
    policy: Mapped[SitePolicy | None] = mapped_column(ContractJson(SitePolicy))
