from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, new_id


class MembershipRow(Base):
    """What a user is in a federation. A site manager has one row for each site; others have one, with no site. What
    groups of a provider of single sign-on give has rows of its own."""

    __tablename__ = "membership"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    federation_id: Mapped[str] = mapped_column(ForeignKey("federation.id", ondelete="CASCADE"), index=True)
    role: Mapped[str]
    site_id: Mapped[str | None] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    #: As the provider names it; None: given by hand.
    given_by_group: Mapped[str | None]
