from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, new_id


class Invitation(Base):
    """A link with which one person makes an account, or takes a further role. Only the SHA-256 of its code is stored.

    role: in the federation; without a federation it is the administrator's. site_ids: of a site manager.
    user_id: whose password the link sets anew; it then gives no role.
    """

    __tablename__ = "invitation"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    code_sha256: Mapped[str] = mapped_column(unique=True)
    #: Whom it is for, in words; the invited choose the name under which they sign in.
    label: Mapped[str]
    federation_id: Mapped[str | None] = mapped_column(ForeignKey("federation.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[str | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    role: Mapped[str]
    site_ids: Mapped[list[Any]]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    used_by: Mapped[str | None]
