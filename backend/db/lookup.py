"""Rows by id."""

from typing import TypeVar

from sqlalchemy.orm import Session

from backend.db.base import Base
from backend.errors import NotFound

Row = TypeVar("Row", bound=Base)


def get_row(session: Session, model: type[Row], row_id: str) -> Row:
    """Raises NotFound with the kind of thing and its id."""
    row = session.get(model, row_id)
    if row is None:
        raise NotFound(f"there is no {model.__name__.lower()} {row_id!r}")
    return row


def lock_row(session: Session, model: type[Row], row_id: str) -> Row:
    """The row as it is now, and nobody else's to change until the transaction ends (SQLite: the whole file is).

    Raises NotFound.
    """
    row = session.get(model, row_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(f"there is no {model.__name__.lower()} {row_id!r}")
    return row
