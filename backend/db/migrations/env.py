"""Alembic's entry: runs the migrations on the database whose URL `backend.db.migrate` gives."""

from typing import Literal

from alembic import context
from sqlalchemy import text

from backend.db import models  # noqa: F401 the import fills Base.metadata
from backend.db.base import Base, ContractJson, UtcDateTime
from backend.db.session import create_engine_for

#: Any number: two backends that start together migrate one after the other.
MIGRATION_LOCK = 0x0FED5A1


def render_item(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Migrations spell the database's own types: they must not change when ours do."""
    if kind == "type" and isinstance(item, ContractJson):
        return "sa.JSON(none_as_null=True)"
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def run() -> None:
    engine = create_engine_for(context.config.attributes["url"])
    connection = engine.connect().execution_options(fedsm_write=True)
    with connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_item=render_item,
            transactional_ddl=True,  # SQLite can, too, for the BEGIN is ours: half a migration is never left
            render_as_batch=connection.dialect.name == "sqlite",
        )
        with context.begin_transaction():
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            context.run_migrations()
    engine.dispose()


run()
