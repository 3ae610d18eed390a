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
    is_administrator: Mapped[bool]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    last_seen_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
