from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class Moment(Base):
    """When something of the platform as a whole happened last, by a name of its owner's."""

    __tablename__ = "moment"

    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
