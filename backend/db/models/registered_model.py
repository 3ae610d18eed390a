from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, new_id


class RegisteredModel(Base):
    """A name under which versions of a model are kept, in one federation."""

    __tablename__ = "registered_model"
    __table_args__ = (UniqueConstraint("federation_id", "name"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    federation_id: Mapped[str] = mapped_column(ForeignKey("federation.id", ondelete="CASCADE"))
    name: Mapped[str]
    #: Of the newest version that there ever was: a number is never given twice.
    last_version: Mapped[int]
    created_at: Mapped[datetime]
    created_by: Mapped[str]


class ModelVersion(Base):
    """A run's models as they were when they were registered.

    facts: what the run knows, frozen (`registry.schemas.VersionFacts`); it names the files. notes: a person's.
    signature, public_key: of the statement that `registry.signing` makes of the row.
    """

    __tablename__ = "model_version"
    __table_args__ = (UniqueConstraint("model_id", "number"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    model_id: Mapped[str] = mapped_column(ForeignKey("registered_model.id", ondelete="CASCADE"))
    number: Mapped[int]
    run_id: Mapped[str] = mapped_column(ForeignKey("run.id"), index=True)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON(none_as_null=True))
    notes: Mapped[str]
    noted_at: Mapped[datetime | None]
    noted_by: Mapped[str | None]
    signature: Mapped[str]
    public_key: Mapped[str]
    created_at: Mapped[datetime]
    created_by: Mapped[str]


class ModelAlias(Base):
    """A word that points to one version of a model, and may be moved."""

    __tablename__ = "model_alias"

    model_id: Mapped[str] = mapped_column(ForeignKey("registered_model.id", ondelete="CASCADE"), primary_key=True)
    alias: Mapped[str] = mapped_column(primary_key=True)
    version_id: Mapped[str] = mapped_column(ForeignKey("model_version.id", ondelete="CASCADE"), index=True)
    moved_at: Mapped[datetime]
    moved_by: Mapped[str]
