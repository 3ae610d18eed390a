from datetime import datetime

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class AuditRecord(Base):
    """The place of an event in the chain: its hash is of its content and of the hash before it."""

    __tablename__ = "audit_record"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    event_id: Mapped[int] = mapped_column(unique=True)
    previous: Mapped[str]
    hash: Mapped[str]


class AuditStart(Base):
    """One row, once the oldest records went by their age: the last that went, which the first that stays follows."""

    __tablename__ = "audit_start"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str]
    at: Mapped[datetime]
