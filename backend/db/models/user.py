from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, new_id


class User(Base):
    """A person with an account. The holder of the administrator's token needs none.

    One that was removed keeps its row, so that nobody else takes the name that stands under what the person did.
    """

    __tablename__ = "user"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    #: As the person signs in, in lower case.
    name: Mapped[str] = mapped_column(unique=True)
    #: argon2id, with its salt and its costs.
    password_hash: Mapped[str]
    #: Made one by hand.
    is_administrator: Mapped[bool]
    #: The group of a provider of single sign-on that makes one; None: none does.
    administrator_by_group: Mapped[str | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    last_seen_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]

    @property
    def administers(self) -> bool:
        """By hand or by a group."""
        return self.is_administrator or self.administrator_by_group is not None
